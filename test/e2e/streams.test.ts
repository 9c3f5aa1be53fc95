// What auditd wrote, recorded, through the daemon to plugins of both formats; and every kind of stdin that it may come by.

import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { RECORD_TYPES } from '../../src/protocol/record-type.js'
import {
  EXACT_RECORDINGS,
  PADDED_RECORDINGS,
  TEXT_RECORDINGS,
  recording,
  withoutPadding,
} from '../protocol/recordings.js'
import {
  exactFrame,
  exactStream,
  kernelRecord,
  paddedFrame,
  paddedStream,
  recordsOf,
  wholeRecord,
  type WireRecord,
} from '../protocol/wire.js'
import { Daemon, type Started } from './daemon.js'
import { PERL, Place } from './place.js'
import { frame, frames, recordText, textOf } from './records.js'

const LAUNCHERS = resolve('test/fixtures/launchers')
/** Everything of a recording, whatever the machine is busy with. */
const ROOMY = ['q_depth = 1000000', 'q_bytes = 1G']
const UNKNOWN_TYPE = 0xffffffff
const TYPE_NUMBERS = new Map(
  readFileSync('test/fixtures/record-types.txt', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([number = '', name = '']) => [name, Number(number)]),
)
const TYPE_NAMES = new Map([...TYPE_NUMBERS].map(([name, number]) => [number, name]))

/** What string plugins got beside a recording; `named`: types that had no name yet. */
const RECORDED_STRINGS = new Map([
  ['v2.8.5-raw.bin', { file: 'v2.8.5-raw.string', named: [1334, 1337, 1423, 1424] }],
  ['v3.0.9-raw-plugin.bin.gz', { file: 'v3.0.9-raw-plugin.string', named: [1423, 1424] }],
])

/** A string and a binary plugin that keep what they get. */
function twoPlugins(t: Test, settings?: string): Place {
  const place = new Place(t, settings)
  place.tee('text', ROOMY)
  place.tee('frames', ['format = binary', ...ROOMY])
  return place
}

/** Gives a stream to a daemon with two such plugins, and waits for its end. */
async function through(t: Test, stream: Buffer, started: Started = {}, settings?: string): Promise<Daemon> {
  const daemon = new Daemon(t, twoPlugins(t, settings), started)
  await daemon.write(stream)
  t.match(await daemon.finish(), { code: 0 })
  return daemon
}

/** The lines that string plugins get for records, made without the code under test. */
function linesOf(records: readonly WireRecord[]): Buffer {
  return Buffer.concat(
    records.flatMap(({ version, type, payload }) => {
      const name = TYPE_NAMES.get(type) ?? `UNKNOWN[${type}]`
      const text = payload
        .toString('latin1')
        .replace(/\0+$/, '')
        .replace(/[\n\0]/g, ' ')
      return Buffer.from(`${version === 0 ? `type=${name} msg=` : ''}${text}\n`, 'latin1')
    }),
  )
}

/** What a string plugin got, with the names of types that the release could not name. */
function withTodaysNames(t: Test, { file, named }: { file: string; named: readonly number[] }): Buffer {
  const mapped = new Set<number>()
  const text = recording(file).toString('latin1')
  const renamed = text.replace(/^type=UNKNOWN\[(\d+)\]/gm, (unknown: string, number: string) => {
    const name = RECORD_TYPES.get(Number(number))
    if (name === undefined) return unknown
    mapped.add(Number(number))
    return `type=${name}`
  })
  t.same(
    [...mapped].toSorted((a, b) => a - b),
    named,
    'types that this release could not name, and we can',
  )
  return Buffer.from(renamed, 'latin1')
}

/** What binary plugins get for text. */
function framesOf(text: Buffer): Buffer {
  const lines = text.toString('latin1').split('\n').slice(0, -1)
  return exactStream(
    lines.map((line) => {
      const name = /^(?:node=\S+ )?type=(\S+)/.exec(line)?.[1] ?? ''
      const unknown = /^UNKNOWN\[(\d+)\]$/.exec(name)?.[1]
      const type = TYPE_NUMBERS.get(name) ?? (unknown === undefined ? UNKNOWN_TYPE : Number(unknown))
      return { version: 1, type, payload: Buffer.from(line, 'latin1') }
    }),
  )
}

for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS]) {
  void t.test(`${name}: whole, to string and binary plugins`, async (t) => {
    const stream = recording(name)
    const framing = name.endsWith('.gz') ? 'padded' : 'exact'
    const daemon = await through(t, stream)
    const records = recordsOf(stream, framing)
    const text = daemon.place.read('text')
    t.ok(text.equals(linesOf(records)), 'lines')
    t.ok(daemon.place.read('frames').equals(exactStream(records)), 'each header and exactly as many bytes as it says')
    const recorded = RECORDED_STRINGS.get(name)
    if (recorded !== undefined) t.ok(text.equals(withTodaysNames(t, recorded)), 'what a string plugin got at the time')
    for (const plugin of ['text', 'frames']) {
      const wanted = { in: records.length, delivered: records.length, dropped: 0, queued: 0, balanced: true }
      t.match(daemon.ledger(plugin), wanted, plugin)
    }
    const counted = { format: framing, records: records.length, bytes: stream.length, skippedBytes: 0, resyncs: 0 }
    t.equal(daemon.lines(' input ', ...pairs(counted)).length, 1, 'and the count of what came')
    if (framing === 'exact') return
    const exact = await through(t, withoutPadding(stream))
    for (const plugin of ['text', 'frames']) {
      t.ok(exact.place.read(plugin).equals(daemon.place.read(plugin)), `${plugin}: the same without padding`)
    }
  })
}

for (const name of [...TEXT_RECORDINGS, 'v2.8.5-raw.log', 'v2.8.5-enriched-node.log']) {
  void t.test(`${name}: text, to string and binary plugins`, async (t) => {
    const text = recording(name)
    const { place } = await through(t, text)
    t.ok(place.read('text').equals(text), 'lines as they came')
    t.ok(place.read('frames').equals(framesOf(text)), 'frames of version 1, typed by name')
  })
}

void t.test('stdin of every kind', async (t) => {
  const name = 'v2.8.5-enriched-node.bin'
  const stream = recording(name)
  const file = `test/fixtures/auditd-stream/${name}`
  const expected = exactStream(recordsOf(stream, 'exact'))
  const launcher = [PERL, `${LAUNCHERS}/sets-stdin-nonblocking.pl`]

  await t.test('a socket that was set O_NONBLOCK, as by auditd 2.x', async (t) => {
    const { place } = await through(t, stream, { launcher })
    t.ok(place.read('frames').equals(expected))
  })
  await t.test('a pipe', async (t) => {
    const place = twoPlugins(t)
    const path = place.fifo('stdin')
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const daemon = new Daemon(t, place, { stdin: reader })
    const writer = await open(path, 'w')
    closeSync(reader)
    await writer.writeFile(stream)
    await writer.close()
    t.match(await daemon.ended(), { code: 0 })
    t.ok(place.read('frames').equals(expected))
  })
  for (const [kind, nodeArgs] of [
    ['a file', []],
    ['a file, without a compiler', ['--jitless']],
  ] as const) {
    await t.test(kind, async (t) => {
      const place = twoPlugins(t)
      const stdin = openSync(file, 'r')
      const daemon = new Daemon(t, place, { stdin, nodeArgs })
      closeSync(stdin)
      t.match(await daemon.ended(), { code: 0 })
      t.ok(place.read('frames').equals(expected))
    })
  }
  await t.test('/dev/null: nothing comes, and that is no mistake', async (t) => {
    const place = twoPlugins(t)
    const stdin = openSync('/dev/null', 'r')
    const daemon = new Daemon(t, place, { stdin })
    closeSync(stdin)
    t.match(await daemon.ended(), { code: 0 })
    t.match(daemon.ledger('text'), { in: 0, balanced: true })
  })
})

void t.test('--input overrules what the stream looks like', async (t) => {
  const [first, second, stale] = [wholeRecord(1), wholeRecord(2), wholeRecord(99)]
  await t.test('padded: a stale frame in the padding is not believed', async (t) => {
    const stream = Buffer.concat([first, second].map((record) => paddedFrame(record, exactFrame(stale))))
    const forced = await through(t, stream, { args: ['--input', 'padded'] })
    t.ok(forced.place.read('text').equals(linesOf([first, second])))
    const auto = await through(t, stream)
    t.match(auto.place.read('text').toString(), ':99):', 'while by itself it cannot know better')
  })
  await t.test('exact: what follows a payload is not taken for padding', async (t) => {
    const stream = paddedStream([first, second])
    const forced = await through(t, stream, { args: ['--input', 'exact'] })
    t.ok(forced.lines('stdin: records are read again').length > 0, 'it is damage, and read over')
    const auto = await through(t, stream)
    t.same([auto.lines('stdin:'), auto.lines('format=padded').length], [[], 1])
  })
  await t.test('text: lines that are like no record', async (t) => {
    const stream = Buffer.from('first\nsecond\n')
    const forced = await through(t, stream, { args: ['--input', 'text'] })
    t.equal(forced.place.read('text').toString(), 'first\nsecond\n')
    const frameOf = (line: string): Buffer => frame(line, UNKNOWN_TYPE)
    t.ok(forced.place.read('frames').equals(Buffer.concat(['first', 'second'].map(frameOf))))
  })
  await t.test('none: stdin is left alone, also its end', async (t) => {
    const daemon = new Daemon(t, twoPlugins(t), { args: ['--input', 'none'] })
    await daemon.running('text', 'frames')
    daemon.stdin.end(frames(1, 10))
    t.match(await daemon.ledgerNow('text'), { in: 0 })
    daemon.signal('SIGTERM')
    t.match(await daemon.ended(), { code: 0 })
    t.match(daemon.ledger('text'), { in: 0, balanced: true })
  })
})

void t.test('name_format puts node= on version 0 records, for string plugins alone', async (t) => {
  const records = [kernelRecord(1), wholeRecord(2), kernelRecord(3, 1123)]
  const bare = linesOf(records).toString()
  const looked = spawnSync('/usr/bin/getent', ['ahosts', '--', hostname()], { env: {}, encoding: 'utf8' }).stdout
  const [address = '?', , canonical = '?'] = (looked.split('\n')[0] ?? '').split(/\s+/)
  for (const [settings, node] of [
    ['name_format = user\nname = web1', 'web1'],
    ['name_format = hostname', hostname()],
    ['name_format = fqd', canonical === '' ? '?' : canonical],
    ['name_format = numeric', address === '' ? '?' : address],
  ] as const) {
    const { place } = await through(t, exactStream(records), {}, `self_events = no\n${settings}\n`)
    const expected = bare.replaceAll(/^type=\w+ msg=audit\(\S+:[13]\)/gm, `node=${node} $&`)
    t.equal(place.read('text').toString(), expected, settings)
    t.ok(place.read('frames').equals(exactStream(records)), 'a binary plugin gets what came')
  }
})

void t.test('a record that comes alone arrives alone', async (t) => {
  const one = (n: number): WireRecord => ({ version: 1, type: 1123, payload: Buffer.from(recordText(n)) })
  for (const [kind, bytesOf] of [
    ['exact', (n: number) => exactFrame(one(n))],
    ['padded', (n: number) => paddedFrame(one(n))],
    ['text', (n: number) => Buffer.from(`${recordText(n)}\n`)],
  ] as const) {
    const daemon = new Daemon(t, twoPlugins(t))
    await daemon.running('text', 'frames')
    for (let n = 1; n <= 20; n++) {
      await daemon.write(bytesOf(n))
      await daemon.has('text', textOf(1, n).length)
      await daemon.has('frames', frames(1, n).length)
    }
    t.match(await daemon.finish(), { code: 0 }, kind)
    t.ok(daemon.place.read('text').equals(textOf(1, 20)))
    t.ok(daemon.place.read('frames').equals(frames(1, 20)))
  }
})

void t.test('without a compiler: the same bytes, and plugins on Node are told', async (t) => {
  for (const [nodeArgs, environment] of [
    [[], { NAME: 'value of it' }],
    [['--jitless'], { NAME: 'value of it', NODE_OPTIONS: '--jitless' }],
  ] as const) {
    const place = twoPlugins(t)
    place.plugin('node', 'tells-its-environment.js', [place.path('environment')], ['env.NAME = value of it'])
    const stream = recording('v3.0.9-raw-plugin.bin.gz')
    const daemon = new Daemon(t, place, { nodeArgs })
    await daemon.until(() => place.size('environment') > 0, 'the plugin has told its environment')
    await daemon.write(stream)
    t.match(await daemon.finish(), { code: 0 })
    const records = recordsOf(stream, 'padded')
    t.ok(place.read('text').equals(linesOf(records)), 'lines')
    t.ok(place.read('frames').equals(exactStream(records)), 'frames')
    t.same(JSON.parse(place.read('environment').toString()), environment, 'and the environment holds nothing else')
  }
})

/** `name=value` for each field. */
function pairs(fields: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(fields).map(([name, value]) => ` ${name}=${value}`)
}
