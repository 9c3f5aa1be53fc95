// When the log begins anew, and what is freed.

import { test } from 'tap'
import { Keeping } from '../../../plugins/remote-recv/keeping.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { linesOf, quietWorld, Sender } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock, rest } from './hand-clock.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }

async function journalOfOne(): Promise<JournalStore> {
  const store = await JournalStore.over(new MemoryDisk(new Random(1)).port, quietWorld())
  const { block, lines } = new Sender().next(linesOf('a', 1), 1)
  store.journal.take(WEB, block.head, lines)
  await store.commit()
  return store
}

void test('a signal for a new log while all ends is passed by', async (t) => {
  const store = await journalOfOne()
  const told: string[] = []
  const host = { store, clock: new HandClock(), voice: { log: (_: string, text: string) => told.push(text) } }
  const keeping = new Keeping({ ...host, settled: () => 0, purged: () => {} }, { keepMs: 1e9, rotateEveryMs: 0 })
  await rest()
  await keeping.rotate()
  t.equal(store.journal.segments.length, 2)
  keeping.close()
  await store.close()
  await keeping.rotate()
  t.same(told, ['a new segment was begun'])
  t.end()
})
