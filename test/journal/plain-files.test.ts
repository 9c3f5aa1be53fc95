import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import type { FileOp, FileResult, Work } from '../../src/journal/file-port.js'
import { Journal } from '../../src/journal/journal.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readLines } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const OPTIONS = { segmentBytes: 100_000, onDamage: 'stop' } as const

/** The lines of all logs, one after the other, as ausearch -if reads them. */
function plain(disk: MemoryDisk): string {
  const logs = [...disk.files].filter(([name]) => /^\d.*\.log$/.test(name)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return logs.map(([, bytes]) => bytes.toString()).join('')
}

/** So many batches of it, and no more: the process is killed. False if it came to its end before. */
function killedAfter(disk: MemoryDisk, work: Work<unknown>, batches: number): boolean {
  let step = work.next()
  for (let left = batches; step.done !== true && left > 0; left--) step = work.next(disk.run(once(step.value)))
  return step.done !== true
}

function* once(batch: readonly FileOp[]): Work<readonly FileResult[]> {
  return yield batch
}

/** A journal whose process was killed, with so many commits in its last segment. */
function killed(commits: number): MemoryDisk {
  const disk = new MemoryDisk(new Random(commits))
  const journal = disk.run(Journal.open(quietWorld(), OPTIONS))
  for (let commit = 1; commit <= commits; commit++) {
    journal.append(linesOf(`c${commit}`, 2), 2, NO_SOURCE)
    disk.run(journal.commit())
  }
  return disk
}

void test('a death at any step of a start leaves no line twice in the plain files', (t) => {
  for (let commits = 1; commits <= 3; commits++) {
    for (let batches = 1; ; batches++) {
      const disk = killed(commits)
      const wasKilled = killedAfter(disk, Journal.open(quietWorld(), OPTIONS), batches)
      const journal = disk.run(Journal.open(quietWorld(), OPTIONS))
      const lines = disk.run(readLines(journal)).join('')
      t.equal(lines.split('\n').length - 1, 2 * commits)
      t.equal(plain(disk), lines, `${commits} commits, killed after ${batches} steps`)
      if (!wasKilled) break
    }
  }
  t.end()
})
