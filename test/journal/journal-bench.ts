// Group commits a second on this disk, beside the bare limit: one write and one fdatasync of as many bytes. By hand:
// node build/test/journal/journal-bench.js [directory] [seconds a case]

import { open, readdir, stat } from 'node:fs/promises'
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
  const begun = performance.now()
  while (performance.now() < end) {
    const before = performance.now()
    await once()
    times.push(performance.now() - before)
  }
  return rateIn(times, performance.now() - begun)
}

function rateIn(times: number[], tookMs: number): Rate {
  const perSecond = times.length / (tookMs / 1000)
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
await manySenders(100, Math.ceil(300 * Number(seconds)))
await openings(1_000_000)
rmSync(dir, { recursive: true })

/** A collector: a block of each sender a commit, one record a block; and the same bytes in a bare loop. */
async function manySenders(count: number, commits: number): Promise<void> {
  const senders = Array.from({ length: count }, (_, index) => ({
    sender: new Sender(),
    origin: { principal: `host${index}.example.org`, stream: String(index).padStart(32, '0'), peer: '192.0.2.1:40000' },
  }))
  let sent = senders.map(({ sender }) => sender.next(LINE, 1))
  const disk = await DiskJournal.open(join(dir, 'collector'), testGapLine)
  let cpuMicros = 0
  const collected = await rateOf(
    commits,
    async () => {
      const cpu = process.cpuUsage()
      for (const [index, { block, lines }] of sent.entries()) {
        const origin = senders[index]?.origin
        const refusal = origin === undefined ? 'none' : disk.journal.take(origin, block.head, lines)
        if (refusal !== undefined) throw new Error(refusal)
      }
      const { kind } = await disk.commit()
      if (kind !== 'durable') throw new Error(kind)
      const { user, system } = process.cpuUsage(cpu)
      cpuMicros += user + system
    },
    () => {
      sent = senders.map(({ sender }) => sender.next(LINE, 1))
    },
  )
  const { idxBytes, logBytes } = await sizes(join(dir, 'collector'))
  await disk.close()
  const handles = [await open(join(dir, 'bare.log'), 'w'), await open(join(dir, 'bare.idx'), 'w')]
  const pieces = [logBytes, idxBytes].map((bytes) => Buffer.alloc(Math.round(bytes / commits), 'x'))
  const bare = await rateOf(commits, async () => {
    await Promise.all(handles.map((handle, index) => handle.write(pieces[index] ?? LINE)))
    await Promise.all(handles.map((handle) => handle.datasync()))
  })
  const one = await open(join(dir, 'bare'), 'w')
  const whole = Buffer.concat(pieces)
  const single = await rateOf(commits, async () => {
    await one.write(whole)
    await one.datasync()
  })
  for (const handle of [...handles, one]) await handle.close()
  row('write+fdatasync', count, single)
  row('two files', count, bare)
  row('100 senders', count, collected)
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

/** So many times, and what goes before each is not counted. */
async function rateOf(times: number, once: () => Promise<unknown>, prepare = (): void => {}): Promise<Rate> {
  const took: number[] = []
  for (let count = 0; count < times; count++) {
    prepare()
    const before = performance.now()
    await once()
    took.push(performance.now() - before)
  }
  return rateIn(
    took,
    took.reduce((sum, ms) => sum + ms, 0),
  )
}

async function sizes(where: string): Promise<{ readonly idxBytes: number; readonly logBytes: number }> {
  let [idxBytes, logBytes] = [0, 0]
  for (const name of await readdir(where)) {
    const { size } = await stat(join(where, name))
    if (name.endsWith('.idx')) idxBytes += size
    if (name.endsWith('.log')) logBytes += size
  }
  return { idxBytes, logBytes }
}
