// Group commits a second on this disk, beside the bare limit: one write and one fdatasync of as many bytes. By hand:
// node build/test/journal/journal-bench.js [directory] [seconds a case]

import { open } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { testGapLine } from './journal-world.js'

const LINE = Buffer.from(`type=SYSCALL msg=audit(1366512421.512:33896127): ${'x'.repeat(250)}\n`)
const [where = tmpdir(), seconds = '1'] = process.argv.slice(2)
const caseMs = Number(seconds) * 1000
const dir = mkdtempSync(join(where, 'journal-bench-'))

interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Runs it over and over for a while. */
async function rate(once: () => Promise<unknown>): Promise<Rate> {
  const times: number[] = []
  const end = performance.now() + caseMs
  const begun = performance.now()
  while (performance.now() < end) {
    const before = performance.now()
    await once()
    times.push(performance.now() - before)
  }
  const perSecond = times.length / ((performance.now() - begun) / 1000)
  times.sort((a, b) => a - b)
  return { perSecond, p50Ms: times[times.length >> 1] ?? 0, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 }
}

function row(name: string, lines: number, { perSecond, p50Ms, p99Ms }: Rate): void {
  const records = Math.round(perSecond * lines)
  const megabytes = (perSecond * lines * LINE.length) / 1e6
  const figures = [perSecond.toFixed(0), records, megabytes.toFixed(1), p50Ms.toFixed(3), p99Ms.toFixed(3)]
  process.stdout.write(
    `${name.padEnd(16)} ${String(lines).padStart(6)} ${figures.map((figure) => String(figure).padStart(10)).join('')}\n`,
  )
}

process.stdout.write(`                  lines commits/s records/s      MB/s    p50 ms    p99 ms\n`)
for (const lines of [1, 10, 100, 1000]) {
  const bytes = Buffer.concat(Array.from({ length: lines }, () => LINE))
  for (const files of [1, 2]) {
    const handles = await Promise.all(
      Array.from({ length: files }, (_, index) => open(join(dir, `bare${lines}.${files}.${index}`), 'w')),
    )
    const bare = async (): Promise<void> => {
      await Promise.all(handles.map((handle, index) => handle.write(index === 0 ? bytes : LINE)))
      await Promise.all(handles.map((handle) => handle.datasync()))
    }
    row(files === 1 ? 'write+fdatasync' : 'two files', lines, await rate(bare))
    for (const handle of handles) await handle.close()
  }
  const disk = await DiskJournal.open(join(dir, `journal${lines}`), testGapLine)
  const commit = async (): Promise<void> => {
    disk.journal.append(bytes, lines, NO_SOURCE)
    const { kind } = await disk.commit()
    if (kind !== 'durable') throw new Error(kind)
  }
  row('journal', lines, await rate(commit))
  await disk.close()
}
rmSync(dir, { recursive: true })
