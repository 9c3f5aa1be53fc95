import { test } from 'tap'
import { Scrubbing } from '../../../plugins/remote-recv/scrubbing.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { linesOf, quietWorld, Sender } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock } from './hand-clock.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }
const DAY_MS = 86_400_000

async function filled(): Promise<ReadonlyMap<string, Buffer>> {
  const disk = new MemoryDisk(new Random(1))
  const store = await JournalStore.over(disk.port, quietWorld(), { segmentBytes: 300 })
  const sender = new Sender()
  for (const name of ['a', 'b', 'c']) {
    const { block, lines } = sender.next(linesOf(name, 2), 2)
    store.journal.take(WEB, block.head, lines)
    await store.commit()
  }
  await store.close()
  return disk.files
}

async function scrubbed(files: ReadonlyMap<string, Buffer>, ms: number, code = 'do'): Promise<string[]> {
  const disk = new MemoryDisk(new Random(1), files)
  const store = await JournalStore.over(disk.port, quietWorld(), { segmentBytes: 300 })
  const clock = new HandClock()
  const told: string[] = []
  const voice = { log: (_level: string, text: string) => void told.push(text) }
  const scrubbing = new Scrubbing({ store, clock, voice })
  scrubbing.use(DAY_MS)
  disk.interfere = ({ kind }) => (kind === 'read' ? code : 'do')
  await clock.pass(ms)
  scrubbing.close()
  return told
}

void test('once a day all is read again', async (t) => {
  const files = await filled()
  t.same(await scrubbed(files, DAY_MS - 1), [])
  const well = 'the journal was verified: all is as it was written'
  t.same(await scrubbed(files, DAY_MS + 1000), [well])
  t.same(await scrubbed(files, 2 * DAY_MS + 2000), [well, well])
  const [log = '', bytes = Buffer.alloc(0)] = [...files].find(([, each]) => each.includes('b.0')) ?? []
  const damaged = new Map(files).set(log, Buffer.from(bytes.toString('latin1').replace('b.0', 'b.X'), 'latin1'))
  const found = ['the journal was verified: something is not as it was written', 'damage in the journal']
  t.same([...new Set(await scrubbed(damaged, DAY_MS + 1000))], found)
  t.same(await scrubbed(files, DAY_MS + 1000, 'EIO'), ['the journal cannot be verified'])
  t.end()
})
