// Group commits a second on this disk, beside the bare limit: one write and one fdatasync of as many bytes. By hand:
// node build/test/journal/journal-bench.js [directory] [seconds a case]

import { open } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { Sender, testGapLine } from './journal-world.js'

const LINE = Buffer.from(`type=SYSCALL msg=audit(1366512421.512:33896127): ${'x'.repeat(250)}\n`)
const [place = tmpdir(), seconds = '1'] = process.argv.slice(2)
const caseMs = Number(seconds) * 1000
const dir = mkdtempSync(join(place, 'journal-bench-'))

interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Runs it over and over for a while. */
async function rate(once: () => Promise<unknown>): Promise<Rate> {
  const times: number[] = []
  const end = performance.now() + caseMs
  while (performance.now() < end) times.push(await timed(once))
  return rateIn(times)
}

function rateIn(times: number[]): Rate {
  const tookMs = times.reduce((sum, ms) => sum + ms, 0)
  times.sort((a, b) => a - b)
  return {
    perSecond: times.length / (tookMs / 1000),
    p50Ms: times[times.length >> 1] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
  }
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
await manySenders(100, Math.ceil(300 * Number(seconds)))
await openings(1_000_000)
rmSync(dir, { recursive: true })

/** A collector: a block of each sender a commit, one record a block; and in turn with it the same bytes in bare loops. */
async function manySenders(count: number, commits: number): Promise<void> {
  const senders = Array.from({ length: count }, (_, index) => ({
    sender: new Sender(),
    origin: { principal: `host${index}.example.org`, stream: String(index).padStart(32, '0'), peer: '192.0.2.1:40000' },
  }))
  const disk = await DiskJournal.open(join(dir, 'collector'), testGapLine)
  const files = await Promise.all(['bare', 'bare.log', 'bare.idx'].map((name) => open(join(dir, name), 'w')))
  const [one, ...two] = files
  // What a block of one record comes to: its line, and its entry with head and names.
  const pieces = [LINE.length, 64 + 144 + 'host00.example.org192.0.2.1:40000'.length].map((bytes) =>
    Buffer.alloc(bytes * count, 'x'),
  )
  const whole = Buffer.concat(pieces)
  const times: Record<'single' | 'pair' | 'journal', number[]> = { single: [], pair: [], journal: [] }
  let cpuMicros = 0
  for (let round = 0; round < commits; round++) {
    const sent = senders.map(({ sender, origin }) => ({ origin, ...sender.next(LINE, 1) }))
    times.single.push(
      await timed(async () => {
        await one?.write(whole)
        await one?.datasync()
      }),
    )
    times.pair.push(
      await timed(async () => {
        await Promise.all(two.map((handle, index) => handle.write(pieces[index] ?? LINE)))
        await Promise.all(two.map((handle) => handle.datasync()))
      }),
    )
    const cpu = process.cpuUsage()
    times.journal.push(
      await timed(async () => {
        for (const { origin, block, lines } of sent) {
          const refusal = disk.journal.take(origin, block.head, lines)
          if (refusal !== undefined) throw new Error(refusal)
        }
        const { kind } = await disk.commit()
        if (kind !== 'durable') throw new Error(kind)
      }),
    )
    const { user, system } = process.cpuUsage(cpu)
    cpuMicros += user + system
  }
  await disk.close()
  for (const handle of files) await handle.close()
  row('write+fdatasync', count, rateIn(times.single))
  row('two files', count, rateIn(times.pair))
  row(`${count} senders`, count, rateIn(times.journal))
  process.stdout.write(`CPU a record at the collector: ${(cpuMicros / (commits * count)).toFixed(1)} us\n`)
}

/** How soon a journal of so many records can be written to again, after a clean stop and after a death. */
async function openings(records: number): Promise<void> {
  const where = join(dir, 'large')
  const disk = await DiskJournal.open(where, testGapLine)
  const bytes = Buffer.concat(Array.from({ length: 100 }, () => LINE))
  for (let at = 0; at < records; at += 100) {
    disk.journal.append(bytes, 100, NO_SOURCE)
    if (disk.journal.pendingBytes > 1e6) await disk.commit()
  }
  await disk.commit()
  await disk.close()
  for (const how of ['clean', 'died'] as const) {
    if (how === 'died') for (const slot of ['cursor.a', 'cursor.b']) rmSync(join(where, slot))
    const begun = performance.now()
    const again = await DiskJournal.open(where, testGapLine)
    const ms = performance.now() - begun
    process.stdout.write(
      `${records} records, ${how}: opened in ${ms.toFixed(0)} ms, ${again.journal.segments.length} segments\n`,
    )
    await again.close()
  }
}

async function timed(once: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await once()
  return performance.now() - before
}
