import { join } from 'node:path'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { linesOf, Sender, testGapLine } from '../journal/journal-world.js'

export const WEB = { principal: 'web.example.org', stream: 'a1'.repeat(16), peer: '192.0.2.1:40000' }
export const DB = { principal: 'db.example.org', stream: 'b2'.repeat(16), peer: '' }

/** A collector's journal of several segments: nine blocks of two records each of both senders, and one own line. */
export async function sampleJournal(dir: string, segmentBytes = 1800): Promise<string> {
  const path = join(dir, 'journal')
  const disk = await DiskJournal.open(path, testGapLine, { segmentBytes, currentLog: 'remote.log' })
  const [web, db] = [new Sender(), new Sender()]
  for (let round = 0; round < 9; round++) {
    for (const [origin, sender, name] of [
      [WEB, web, 'web'],
      [DB, db, 'db'],
    ] as const) {
      const sent = sender.next(linesOf(`${name}${round}`, 2, 100), 2)
      const refusal = disk.journal.take(origin, sent.block.head, sent.lines)
      if (refusal !== undefined) throw new Error(refusal)
    }
    await disk.commit()
  }
  disk.journal.append(linesOf('own', 1), 1, NO_SOURCE)
  await disk.commit()
  await disk.close()
  return path
}
