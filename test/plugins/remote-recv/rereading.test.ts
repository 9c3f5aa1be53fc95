// A journal that is read again: what is well, what a disk has forgotten, and when.

import { test } from 'tap'
import { Rereading } from '../../../plugins/remote-recv/rereading.js'
import type { FilePort } from '../../../src/journal/file-port.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { linesOf, quietWorld, Sender } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock } from './hand-clock.js'

const HOUR_MS = 3_600_000
const ORIGIN = { principal: 'web1', stream: 'ab'.repeat(16), peer: '192.0.2.1:1' }

class Place {
  readonly disk = new MemoryDisk(new Random(1))
  readonly clock = new HandClock()
  readonly told: string[] = []
  /** A byte of the first log that is read otherwise than it was written; -1 is none. */
  forgotten = -1
  fault = ''

  async open(blocks: number, everyMs = HOUR_MS): Promise<Rereading> {
    const port: FilePort = {
      run: async (batch) => {
        const results = await this.disk.port.run(batch)
        return results.map((result, at) => {
          const op = batch[at]
          if (op?.kind !== 'read') return result
          if (this.fault !== '') return { kind: 'failed', code: this.fault, error: new Error(this.fault) }
          const from = this.forgotten - op.at
          if (result.kind !== 'bytes' || !op.file.endsWith('.log') || from < 0 || from >= result.bytes.length)
            return result
          const bytes = Buffer.from(result.bytes)
          bytes[from] = (bytes[from] ?? 0) ^ 1
          return { kind: 'bytes', bytes }
        })
      },
    }
    const store = await JournalStore.over(port, quietWorld())
    const sender = new Sender()
    for (let at = 0; at < blocks; at++) {
      const { block, lines } = sender.next(linesOf(`b${at}`, 10, 60_000), 10)
      const refusal = store.journal.take(ORIGIN, block.head, lines)
      if (refusal !== undefined) throw new Error(refusal)
      await store.commit()
    }
    const log = (level: string, text: string, fields: object = {}): void => {
      this.told.push(`${level} ${text} ${JSON.stringify(fields)}`)
    }
    return new Rereading({ store, clock: this.clock, voice: { log } }, everyMs)
  }
}

void test('a journal that is well is read again and again, in steps', async (t) => {
  const place = new Place()
  const rereading = await place.open(5)
  await place.clock.pass(HOUR_MS - 1)
  t.same(place.told, [])
  await place.clock.pass(1)
  t.same(place.told, [], 'not all at once')
  await place.clock.pass(1000)
  t.same(place.told, ['info the journal was read again, and all is there {"segments":1,"blocks":5,"lines":50}'])
  await place.clock.pass(HOUR_MS + 1000)
  t.equal(place.told.length, 2)
  rereading.use(0)
  await place.clock.pass(5 * HOUR_MS)
  t.equal(place.told.length, 2, 'switched off')
  rereading.use(2 * HOUR_MS)
  await place.clock.pass(2 * HOUR_MS + 1000)
  t.equal(place.told.length, 3, 'and on again')
  rereading.close()
  await place.clock.pass(9 * HOUR_MS)
  t.equal(place.told.length, 3)
})

void test('what the disk has forgotten is told', async (t) => {
  const place = new Place()
  const rereading = await place.open(3)
  place.forgotten = 700_000
  await place.clock.pass(HOUR_MS + 1000)
  t.match(place.told, [
    /^error the journal was read again, and is damaged \{"findings":2,"kind":"changed","segment":"0{19}1","principal":"web1",.*"first":11,"last":20\}$/,
  ])
  rereading.close()
})

void test('a disk that gives errors is tried the next time', async (t) => {
  const place = new Place()
  const rereading = await place.open(1)
  place.fault = 'EIO'
  await place.clock.pass(HOUR_MS + 1000)
  t.match(place.told, [/^warn the journal cannot be read again; trying the next time/])
  place.fault = ''
  await place.clock.pass(HOUR_MS + 1000)
  t.match(place.told.at(-1), /^info the journal was read again/)
  rereading.close()
})
