import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { JournalStore } from '../../src/journal/journal-store.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readLines } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

void test('commits asked for at once are made one after another, reads beside them', async (t) => {
  const disk = new MemoryDisk(new Random(1))
  const store = await JournalStore.over(disk.port, quietWorld())
  store.journal.append(linesOf('a', 1), 1, NO_SOURCE)
  const first = store.commit()
  store.journal.append(linesOf('b', 1), 1, NO_SOURCE)
  const answers = await Promise.all([first, store.commit(), store.commit()])
  t.match(answers, [{ kind: 'durable', position: 2 }, { kind: 'nothing' }, { kind: 'nothing' }])
  store.journal.append(linesOf('c', 1), 1, NO_SOURCE)
  const last = store.commit()
  t.equal((await store.read(readLines(store.journal)))[0], 'a.0 \nb.0 \n')
  t.match(await last, { kind: 'durable', position: 3 })
  await store.close()
  await t.rejects(
    store.commit().then(() => store.read(readLines(store.journal))),
    /closed/,
  )
  const again = await JournalStore.over(disk.port, quietWorld())
  t.ok(again.journal.report.wasClean)
  t.equal(again.journal.durablePosition, 3)
})

void test('steps that throw reach whoever asked, and nobody else', async (t) => {
  const store = await JournalStore.over(new MemoryDisk(new Random(1)).port, quietWorld())
  const broken = store.write(() => {
    throw new Error('a bug')
  })
  store.journal.append(linesOf('a', 1), 1, NO_SOURCE)
  const next = store.commit()
  await t.rejects(broken, /a bug/)
  t.match(await next, { kind: 'durable', position: 1 })
})
