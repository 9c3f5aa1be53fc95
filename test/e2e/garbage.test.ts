// Bytes that are no records, before, in and after good ones, through the daemon: what is good behind the damage is delivered,
// the log says what happened, memory stays small. Every kind of damage at every place is for test/protocol.

import t, { type Test } from 'tap'
import { Random } from '../protocol/random.js'
import { exactFrame, header, kernelRecord, paddedFrame, wholeRecord, type WireRecord } from '../protocol/wire.js'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, recordText, textOf } from './records.js'

const MIB = 1024 * 1024
const SKIPPED = 'stdin: records are read again'

interface Outcome {
  readonly daemon: Daemon
  readonly text: string
  readonly frames: Buffer
}

/** Gives a stream to a string and a binary plugin, and waits for the end. */
async function through(t: Test, stream: Buffer, exitStatus = 0): Promise<Outcome> {
  const place = new Place(t)
  place.tee('text')
  place.tee('frames', ['format = binary'])
  const daemon = new Daemon(t, place)
  await daemon.write(stream)
  t.match(await daemon.finish(), { code: exitStatus })
  for (const name of ['text', 'frames']) t.ok(daemon.ledger(name).balanced, `the ledger of ${name} balances`)
  return { daemon, text: place.read('text').toString('latin1'), frames: place.read('frames') }
}

/** Checks that these records and no others came through. */
async function onlyGood(t: Test, stream: Buffer, good: readonly WireRecord[]): Promise<Daemon> {
  const { daemon, text, frames: framed } = await through(t, stream)
  t.ok(framed.equals(Buffer.concat(good.map(exactFrame))), 'every good record, as a frame')
  t.equal(text.split('\n').length - 1, good.length, 'and as a line')
  const [input = ''] = daemon.lines(' input format=')
  t.match(input, ` records=${good.length} bytes=${stream.length} `)
  return daemon
}

const GOOD = Array.from({ length: 40 }, (_, index) =>
  index % 2 === 0 ? wholeRecord(index + 1) : kernelRecord(index + 1),
)
const [FIRST, REST] = [GOOD.slice(0, 20), GOOD.slice(20)]
const bytesOf = (records: readonly WireRecord[]): Buffer => Buffer.concat(records.map(exactFrame))
/** Random bytes in which no header can be seen. */
const noise = (bytes: number, seed = 1): Buffer => new Random(seed).bytes(bytes)

void t.test('noise before, between and behind good records', async (t) => {
  const before = await onlyGood(t, Buffer.concat([noise(5000), bytesOf(GOOD)]), GOOD)
  t.match(before.lines(SKIPPED), [/skippedBytes=5000/], 'before')
  const between = await onlyGood(t, Buffer.concat([bytesOf(FIRST), noise(70_000), bytesOf(REST)]), GOOD)
  t.match(between.lines(SKIPPED), [/skippedBytes=70000/], 'between')
  t.equal(between.lines('stdin: a header').length, 1, 'said once')
  const behind = await onlyGood(t, Buffer.concat([bytesOf(GOOD), noise(5000)]), GOOD)
  t.match(behind.lines('ended within bytes that are no record'), [/skippedBytes=5000/], 'behind')
  const padded = Buffer.concat(GOOD.map((record) => paddedFrame(record, 'stale ')))
  const at = 20 * 8986
  const inPadded = Buffer.concat([padded.subarray(0, at), noise(3000), padded.subarray(at)])
  t.match((await onlyGood(t, inPadded, GOOD)).lines(SKIPPED), [/skippedBytes=3000/], 'in padded frames')
})

void t.test('headers that nobody can believe', async (t) => {
  for (const [what, words, code] of [
    ['a size of 4 GiB', { version: 1, size: 0xffff_ffff }, 'oversize'],
    ['a size just over the greatest', { version: 1, size: 8971 }, 'oversize'],
    ['version 7', { version: 7, size: 20 }, 'unknown-version'],
    ['a header of 24 bytes', { version: 0, headerBytes: 24, size: 20 }, 'bad-header-length'],
  ] as const) {
    const wrong = header(words)
    const stream = Buffer.concat([bytesOf(FIRST), wrong, Buffer.from('twenty bytes of text'), bytesOf(REST)])
    const daemon = await onlyGood(t, stream, GOOD)
    const said = daemon.lines(
      ' warn ',
      `code=${code} `,
      `offset=${bytesOf(FIRST).length}`,
      `bytes=${wrong.toString('hex')}`,
    )
    t.equal(said.length, 1, `${what}: said with its place and its bytes`)
    t.match(daemon.lines(SKIPPED), [/skippedBytes=36/], what)
  }
})

void t.test('a 4 GiB size is not waited for', async (t) => {
  const place = new Place(t)
  place.tee('text')
  const daemon = new Daemon(t, place)
  await daemon.write(Buffer.concat([frames(1, 10), header({ version: 1, size: 0xffff_ffff }), frames(11, 20)]))
  await daemon.has('text', textOf(1, 20).length)
  t.ok(place.read('text').equals(textOf(1, 20)), 'what stands behind it is there while stdin is still open')
  t.match(await daemon.finish(), { code: 0 })
})

void t.test('a record that covers the next ones is left out, and they are not', async (t) => {
  const covering = header({ version: 1, type: 1123, size: 400 })
  const stream = Buffer.concat([
    bytesOf(FIRST),
    covering,
    Buffer.from('type=USER_CMD msg=audit(1.000:1): '),
    bytesOf(REST),
  ])
  const daemon = await onlyGood(t, stream, GOOD)
  t.equal(daemon.lines(' warn ', 'code=damaged-payload', 'size=400').length, 1)
})

void t.test('an end within a record', async (t) => {
  const whole = bytesOf(GOOD)
  const last = exactFrame(wholeRecord(99))
  for (const [held, part] of [
    [7, 'header'],
    [16, 'payload'],
    [last.length - 1, 'payload'],
  ] as const) {
    const daemon = await onlyGood(t, Buffer.concat([whole, last.subarray(0, held)]), GOOD)
    const said = daemon.lines(' warn ', 'stdin ended in the middle of a record', `part=${part}`, `heldBytes=${held}`)
    t.equal(said.length, 1, `after ${held} bytes`)
    t.match(daemon.lines(' input format='), [/ torn=1 /])
  }
  const { daemon, text } = await through(t, Buffer.from(`${recordText(1)}\n${recordText(2)}`))
  t.equal(text, `${recordText(1)}\n`, 'a line without its end is none')
  t.equal(daemon.lines('stdin ended in the middle of a record', 'part=line').length, 1)
})

void t.test('text with lines that are too long, and with a beginning that is missing', async (t) => {
  const long = 'x'.repeat(70_000)
  const parts = [recordText(1), `type=USER_CMD ${long}`, recordText(2), '', 'no record at all', recordText(3)]
  const { daemon, text } = await through(t, Buffer.from(`rest of a line\n${parts.join('\n')}\n`))
  const wanted = [recordText(1), recordText(2), '', 'no record at all', recordText(3)]
  t.equal(text, `${wanted.join('\n')}\n`)
  t.equal(daemon.lines(' warn ', 'stdin began in the middle of a line', 'skippedBytes=15').length, 1)
  t.equal(daemon.lines(' warn ', 'longer than any record').length, 1)
  t.match(daemon.lines(' input format='), [/ tooLong=1$/])
})

void t.test(
  'records that lost their last 16 bytes: delivered as they are, and the release at fault is named',
  async (t) => {
    const stream = Buffer.concat(
      Array.from({ length: 5 }, (_, index) => kernelRecord(index + 1, 1320, '')).map((record) =>
        exactFrame({ ...record, payload: record.payload.subarray(0, record.payload.length - 16) }),
      ),
    )
    const { daemon, frames: framed } = await through(t, stream)
    t.ok(framed.equals(stream))
    t.match(daemon.lines(' warn ', 'lack their last 16 bytes'), [/"4.2","4.2.1"/])
  },
)

void t.test('garbage again and again takes neither the memory nor the log', async (t) => {
  const place = new Place(t)
  place.tee('frames', ['format = binary'])
  const daemon = new Daemon(t, place)
  const stretch = noise(900_000, 7)
  await daemon.write(frames(1, 1))
  await daemon.has('frames', frames(1, 1).length)
  // The first stretches let the daemon take what it needs in any case.
  let before = 0
  for (let n = 2; n <= 80; n++) {
    await daemon.write(Buffer.concat([stretch, frames(n, n)]))
    await daemon.has('frames', frames(1, n).length)
    if (n === 10) before = daemon.memory('VmRSS')
  }
  const grown = daemon.memory('VmHWM') - before
  t.ok(grown < 32 * MIB, `70 stretches of 900 kB: memory has grown by ${Math.round(grown / MIB)} MiB`)
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('frames').equals(frames(1, 80)), 'and each record between is found')
  const [said, leftOut] = [daemon.lines('stdin: '), daemon.lines('more trouble on stdin than is logged')]
  const counted = leftOut.reduce((sum, line) => sum + Number(/lines=(\d+)/.exec(line)?.[1]), 0)
  t.ok(said.length < 2 * 79, `${said.length} lines in the log`)
  t.equal(said.length + counted, 2 * 79, 'and the others are counted')
})

void t.test('more than 1 MiB without a header: what came before is delivered, and the daemon gives up', async (t) => {
  const place = new Place(t)
  place.tee('frames', ['format = binary'])
  const daemon = new Daemon(t, place)
  await daemon.write(bytesOf(GOOD))
  // Its end is not waited for, and what stands behind it is not read.
  void daemon.write(Buffer.concat([noise(MIB + 100_000, 3), bytesOf(GOOD)]))
  t.match(await daemon.ended(), { code: 65 })
  t.ok(place.read('frames').equals(bytesOf(GOOD)))
  t.equal(daemon.lines('nothing that can be believed for too long').length, 1)
  t.match(daemon.ledger('frames'), { in: 40, delivered: 40, balanced: true })
})
