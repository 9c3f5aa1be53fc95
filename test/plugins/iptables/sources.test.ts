// The kernel's buffer and log files, read so that after any death reading goes on in the right place.

import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { FollowedFile } from '../../../plugins/iptables/followed-file.js'
import { KmsgSource, type KmsgWorld } from '../../../plugins/iptables/kmsg-source.js'
import { REAL_LOG_FILES } from '../../../plugins/iptables/log-files.js'
import type { Reading } from '../../../plugins/iptables/packet.js'
import type { Place, Source, SourceEvents, SourceLine, Start } from '../../../plugins/iptables/source.js'

const NOWHERE: Start = { place: undefined, placedAtMs: 0, leastBase: 0 }
const PACKET = 'IN=e OUT= SRC=192.0.2.1 DST=192.0.2.2 PROTO=2 '
const FOREVER = new AbortController().signal

/** Notes what a source tells. */
class Told implements SourceEvents {
  readonly said: string[] = []
  readonly places: Place[] = []
  overrun(lost: number): void {
    this.said.push(`overrun ${lost}`)
  }
  truncated(): void {
    this.said.push('truncated')
  }
  gone(): void {
    this.said.push('gone')
  }
  absent(why: string): void {
    if (why !== '') this.said.push('absent')
  }
  async settle(): Promise<void> {
    this.said.push('settle')
  }
  moved(place: Place): void {
    this.places.push(place)
  }
}

/** A boot whose buffer holds what the test puts there. */
class Boot implements KmsgWorld {
  readonly boot = 'boot-1'
  buffer: string[] = []
  wall = 1_000_000
  #at = 0
  add(sequence: number, ms: number, text: string, priority = 4): void {
    this.buffer.push(`${priority},${sequence},${ms * 1000},-;${text}\n`)
  }
  read(): Buffer | 'overrun' | undefined {
    const record = this.buffer[this.#at]
    if (record === undefined) return undefined
    this.#at++
    return record === 'overrun' ? record : Buffer.from(record)
  }
  wallMs(): number {
    return this.wall
  }
  sinceBootMs(): number {
    return 500
  }
  again(): void {
    this.#at = 0
  }
  close(): void {}
}

async function some(source: Source, count: number): Promise<SourceLine[]> {
  const lines: SourceLine[] = []
  while (lines.length < count) lines.push(...((await source.next(FOREVER)) ?? []))
  return lines
}

function timesOf(lines: readonly SourceLine[]): unknown[] {
  return lines.map(({ reading }) => (reading.kind === 'packet' ? reading.packet.timeMs : reading.kind))
}

void test('the kernel buffer: sequence numbers are positions, and the kernel says when', async (t) => {
  const boot = new Boot()
  boot.add(7, 100, PACKET)
  boot.add(8, 200, 'eth0: up')
  boot.add(9, 300, PACKET, 12)
  boot.add(10, 400, `audit: type=1005 x ${PACKET}`)
  const told = new Told()
  const source = new KmsgSource(boot, { place: undefined, placedAtMs: 0, leastBase: 50 }, false, told)
  t.same(told.places, [{ identity: 'boot-1', base: 50, offset: 0 }])
  const lines = await some(source, 4)
  t.same(
    lines.map(({ position }) => position),
    [58, 59, 60, 61],
  )
  t.same(timesOf(lines), [999_600, 'other', 'other', 'other'], 'a program can write there too, and audit does')
  t.same(source.placeAt(59), { identity: 'boot-1', base: 50, offset: 9 })
  t.same(await source.next(FOREVER), [], 'nothing now')
  const stopping = AbortSignal.abort()
  t.equal(await source.next(stopping), undefined)
  t.same(told.said, [])
})

void test('the kernel buffer: another process goes on behind what was settled', async (t) => {
  const boot = new Boot()
  for (let sequence = 7; sequence <= 10; sequence++) boot.add(sequence, sequence, PACKET)
  const place = { identity: 'boot-1', base: 50, offset: 9 }
  const source = new KmsgSource(boot, { place, placedAtMs: 0, leastBase: 99 }, true, new Told())
  t.equal(source.position, 59)
  t.same(
    (await some(source, 2)).map(({ position }) => position),
    [60, 61],
  )
  boot.again()
  const other = new KmsgSource(
    boot,
    { place: { ...place, identity: 'boot-0' }, placedAtMs: 0, leastBase: 99 },
    false,
    new Told(),
  )
  t.equal((await some(other, 4))[0]?.position, 107, 'after a reboot all of it, above all positions before')
  boot.again()
  const fromNow = new KmsgSource(boot, { place: undefined, placedAtMs: 0, leastBase: 0 }, true, new Told())
  boot.add(11, 11, PACKET)
  t.same(
    (await some(fromNow, 1)).map(({ position }) => position),
    [12],
  )
})

void test('the kernel buffer: what was overwritten is counted', async (t) => {
  const boot = new Boot()
  boot.add(7, 1, PACKET)
  boot.buffer.push('overrun')
  boot.add(20, 2, PACKET)
  boot.buffer.push('torn')
  const told = new Told()
  const source = new KmsgSource(
    boot,
    { place: { identity: 'boot-1', base: 0, offset: 5 }, placedAtMs: 0, leastBase: 0 },
    false,
    told,
  )
  await some(source, 2)
  t.same(told.said, ['overrun 2', 'overrun 12'])
})

void test('the kernel buffer: what was overwritten before anything was read is not counted, however often it is begun', async (t) => {
  const boot = new Boot()
  boot.add(500, 1, PACKET)
  const first = new Told()
  new KmsgSource(boot, NOWHERE, false, first).close()
  const told = new Told()
  const place = first.places[0]
  const source = new KmsgSource(boot, { place, placedAtMs: 0, leastBase: 0 }, false, told)
  await some(source, 1)
  t.same(told.said, [])
})

void test('the kernel buffer: all of it is read before a few lines are given, and positions are those of the lines', async (t) => {
  const boot = new Boot()
  for (let sequence = 1; sequence <= 200; sequence++) boot.add(sequence, sequence, PACKET)
  const source = new KmsgSource(boot, NOWHERE, false, new Told())
  const first = (await source.next(FOREVER)) ?? []
  t.ok(first.length < 200)
  t.equal(boot.read(), undefined, 'nothing is left to be overwritten')
  t.equal(source.position, first.at(-1)?.position)
  const lines = [...first, ...(await some(source, 200 - first.length))]
  t.same(
    lines.map(({ position }) => position),
    Array.from({ length: 200 }, (_, at) => at + 2),
  )
})

void test('the kernel buffer: a clock that runs apart is put right', async (t) => {
  const boot = new Boot()
  const source = new KmsgSource(boot, NOWHERE, false, new Told())
  await source.next(FOREVER)
  boot.wall = 1_000_100
  boot.add(1, 700, PACKET)
  t.same(timesOf(await some(source, 1)), [1_000_100], 'never of the future')
  await source.next(FOREVER)
  boot.wall = 1_010_000
  boot.add(2, 800, PACKET)
  t.same(timesOf(await some(source, 1)), [1_000_200], 'since the last look, at 1000100')
  await source.next(FOREVER)
  boot.wall = 1_020_000
  boot.add(3, 810, PACKET)
  boot.add(4, 820, PACKET)
  t.same(timesOf(await some(source, 2)), [1_010_000, 1_010_010], 'no older than that look')
})

/** A directory with a log file, and whoever follows it. */
class Log {
  readonly dir = mkdtempSync(join(tmpdir(), 'followed-'))
  readonly path = join(this.dir, 'kern.log')
  told = new Told()

  constructor(t: Test) {
    t.teardown(() => {
      rmSync(this.dir, { recursive: true })
    })
  }

  write(text: string): void {
    appendFileSync(this.path, text)
  }

  follow(start = NOWHERE, isFromNow = false): FollowedFile {
    this.told = new Told()
    // Each line comes out as what it says.
    const read = (line: Buffer): Reading => ({ kind: 'odd', why: line.toString('latin1') })
    return new FollowedFile(this.path, REAL_LOG_FILES, start, isFromNow, read, this.told)
  }
}

function textsOf(lines: readonly SourceLine[]): string[] {
  return lines.map(({ reading }) => (reading.kind === 'odd' ? reading.why : reading.kind))
}

void test('a file: lines however they are cut, positions are bytes', async (t) => {
  const log = new Log(t)
  log.write('one\ntw')
  const source = log.follow({ place: undefined, placedAtMs: 0, leastBase: 100 })
  t.same(textsOf(await some(source, 1)), ['one'])
  t.equal(source.position, 104)
  t.same(await source.next(FOREVER), [], 'half a line is none')
  log.write('o\n\nfour\n')
  const lines = await some(source, 3)
  t.same(textsOf(lines), ['two', '', 'four'])
  t.same(
    lines.map(({ position }) => position),
    [108, 109, 114],
  )
  source.close()
})

void test('a file: another process goes on at the place that was settled, whatever the file is called by then', async (t) => {
  const log = new Log(t)
  log.write('one\ntwo\nthree\n')
  const first = log.follow({ place: undefined, placedAtMs: 0, leastBase: 100 })
  await some(first, 3)
  const place = first.placeAt(104)
  first.close()
  const second = log.follow({ place, placedAtMs: 0, leastBase: 104 })
  t.same(textsOf(await some(second, 2)), ['two', 'three'])
  second.close()
  renameSync(log.path, `${log.path}.1`)
  log.write('four\n')
  const third = log.follow({ place, placedAtMs: 0, leastBase: 104 })
  const lines = await some(third, 3)
  t.same(textsOf(lines), ['two', 'three', 'four'])
  t.equal(lines.at(-1)?.position, 119)
  t.same(log.told.said, ['settle'])
  third.close()
  rmSync(`${log.path}.1`)
  const fourth = log.follow({ place, placedAtMs: 0, leastBase: 300 })
  t.same(log.told.said, ['gone'])
  t.equal((await some(fourth, 1))[0]?.position, 305, 'above every position before')
  fourth.close()
})

void test('a file: rotated twice while nobody read, and the first compressed, the second is read', async (t) => {
  const log = new Log(t)
  const [before, placed, after] = [1, 2, 3]
  for (const [name, text, time] of [
    ['.3', 'read\n', before],
    ['.2.gz', 'not text', after],
    ['.1', 'one\n', after],
    ['', 'two\n', after + 1],
  ] as const) {
    writeFileSync(`${log.path}${name}`, text)
    utimesSync(`${log.path}${name}`, time, time)
  }
  const place = { identity: '1:1', base: 100, offset: 7 }
  const source = log.follow({ place, placedAtMs: placed * 1000, leastBase: 107 })
  const lines = await some(source, 2)
  t.same(textsOf(lines), ['one', 'two'])
  t.equal(lines[0]?.position, 111)
  t.same(log.told.said, ['gone', 'settle'])
  source.close()
})

void test('a file: rotated by renaming, several times, nothing is left out', async (t) => {
  const log = new Log(t)
  log.write('one\n')
  const source = log.follow()
  await some(source, 1)
  renameSync(log.path, `${log.path}.2`)
  t.same(await source.next(FOREVER), [], 'there is no new one yet')
  appendFileSync(`${log.path}.2`, 'two\ntorn')
  writeFileSync(`${log.path}.1`, 'three\n')
  writeFileSync(`${log.path}.3.gz`, 'not text')
  writeFileSync(log.path, 'four\n')
  // A log is not rotated twice within a tick of the clock.
  for (const [name, time] of [
    ['.2', 1],
    ['.1', 2],
    ['', 3],
  ] as const)
    utimesSync(`${log.path}${name}`, time, time)
  const lines = await some(source, 4)
  t.same(textsOf(lines), ['two', 'the file ends within the line', 'three', 'four'])
  t.same(
    lines.map(({ position }) => position),
    [8, 12, 18, 23],
  )
  t.same(
    log.told.places.map(({ base }) => base),
    [0, 12, 18],
  )
  t.same(log.told.said, ['settle', 'settle'], 'before each of the others all is settled')
  source.close()
})

void test('a file: whoever writes may still have the old one open when the new one is made', async (t) => {
  const log = new Log(t)
  log.write('one\n')
  const source = log.follow()
  await some(source, 1)
  renameSync(log.path, `${log.path}.1`)
  log.write('')
  for (let look = 0; look < 3; look++) t.same(await source.next(FOREVER), [])
  appendFileSync(`${log.path}.1`, 'two\n')
  log.write('three\n')
  t.same(textsOf(await some(source, 2)), ['two', 'three'])
  source.close()
})

void test('a file: emptied in its place', async (t) => {
  const log = new Log(t)
  log.write('one\ntwo\n')
  const source = log.follow()
  await some(source, 2)
  copyFileSync(log.path, `${log.path}.1`)
  truncateSync(log.path)
  t.same(await source.next(FOREVER), [])
  log.write('three\n')
  t.same(await some(source, 1), [{ reading: { kind: 'odd', why: 'three' }, position: 14 }])
  t.same(log.told.said, ['truncated', 'settle'])
  const place = source.placeAt(14)
  source.close()
  truncateSync(log.path)
  log.write('fo')
  const other = log.follow({ place, placedAtMs: 0, leastBase: 14 })
  log.write('ur\n')
  t.same(await some(other, 1), [{ reading: { kind: 'odd', why: 'four' }, position: 19 }])
  t.same(log.told.said, ['truncated'])
  other.close()
})

void test('a file: not there, or no file at all, and then there', async (t) => {
  const log = new Log(t)
  const source = log.follow(NOWHERE, true)
  t.same(await source.next(FOREVER), [])
  log.write('one\n')
  t.same(textsOf(await some(source, 1)), ['one'], 'all of it is new')
  source.close()
  const directory = new FollowedFile(log.dir, REAL_LOG_FILES, NOWHERE, false, () => ({ kind: 'other' }), log.told)
  t.same(await directory.next(FOREVER), [])
  t.equal(log.told.said.at(-1), 'absent')
})

void test('a file: from now on, and from the beginning of a line', async (t) => {
  const log = new Log(t)
  log.write('one\ntw')
  const source = log.follow(NOWHERE, true)
  log.write('o\n')
  t.same(textsOf(await some(source, 1)), ['two'])
  t.same(log.told.places.at(-1)?.offset, 4)
  source.close()
})

void test('a file: a line that is too long is passed over, and kept nowhere', async (t) => {
  const log = new Log(t)
  const [longest, long] = [16 * 1024, 200_000]
  log.write(`${'x'.repeat(longest)}\n${'x'.repeat(longest + 1)}\n${'x'.repeat(long)}\nshort\n`)
  const source = log.follow()
  const lines = await some(source, 4)
  const tooLong = 'the line is too long'
  t.same(textsOf(lines), ['x'.repeat(longest), tooLong, tooLong, 'short'])
  t.equal(lines.at(-1)?.position, 2 * longest + 3 + long + 7)
  source.close()
})
