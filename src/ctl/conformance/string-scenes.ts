import { Skipped, type Scene } from './check.js'
import { manyRecords, oddRecords, record, recordedRecords, recordThatFills } from './sample-records.js'
import type { Stage } from './stage.js'
import { StringTalk } from './string-talk.js'

const FIFO_BYTES = 64 * 1024
/** Several times what a FIFO holds. */
const BURST_BYTES = 400 * 1024
/** A source that has something says it within this. */
const SOURCE_MS = 1000
const UNHEARD_MS = 200
/** Whoever dies by a signal dies within this. */
const SIGNAL_MS = 200
const SOME = 20
const PIECE_BYTES = 61

async function recorded(stage: Stage): Promise<void> {
  const talk = await openForRecords(stage)
  await talk.deliver(recordedRecords())
  await talk.finish()
}

async function lengths(stage: Stage): Promise<void> {
  const talk = await openForRecords(stage)
  await talk.deliver([Buffer.from('x'), recordThatFills(''), recordThatFills(''), record('behind the longest')])
  await talk.finish()
}

async function bytes(stage: Stage): Promise<void> {
  const talk = await openForRecords(stage)
  await talk.deliver(oddRecords())
  await talk.finish()
}

async function pieces(stage: Stage): Promise<void> {
  const talk = await openForRecords(stage)
  talk.plugin.pieceBytes = 1
  await talk.deliver(recordedRecords().slice(0, 3))
  talk.plugin.pieceBytes = PIECE_BYTES
  await talk.deliver(recordedRecords().slice(3, SOME))
  await talk.finish()
}

async function burst(stage: Stage): Promise<void> {
  const talk = await openForRecords(stage)
  talk.plugin.isHeard = false
  const records = manyRecords(BURST_BYTES)
  for (const each of records) talk.plugin.send(Buffer.concat([each, Buffer.from('\n')]))
  await talk.plugin.until(() => false, UNHEARD_MS)
  talk.plugin.isHeard = true
  await talk.written()
  await talk.finish()
}

async function hangup(stage: Stage): Promise<void> {
  const talk = await openAtWork(stage)
  talk.plugin.signal('SIGHUP')
  await talk.livesFor(SIGNAL_MS, 'SIGHUP, which is its reload')
  if (stage.givesRecords) await talk.deliver(recordedRecords().slice(0, SOME))
  await talk.finish()
}

async function endOfInput(stage: Stage): Promise<void> {
  const talk = await StringTalk.open(stage)
  await talk.finish()
}

async function tornByEnd(stage: Stage): Promise<void> {
  const talk = await openForRecords(stage)
  await talk.deliver(recordedRecords().slice(0, SOME))
  await talk.tear('type=USER_CMD msg=audit(1795288154.100:7): this record is never')
  await talk.finish()
}

async function terminate(stage: Stage): Promise<void> {
  const talk = await openAtWork(stage)
  talk.plugin.signal('SIGTERM')
  await talk.ends('SIGTERM')
}

/** A string plugin does not say when it is ready: it is when it has read more than a FIFO holds, or has said something. */
async function openAtWork(stage: Stage): Promise<StringTalk> {
  const talk = await StringTalk.open(stage)
  if (stage.givesRecords) await talk.deliver(manyRecords(2 * FIFO_BYTES))
  else await talk.plugin.until(() => talk.hasSpoken || talk.plugin.exit !== undefined, SOURCE_MS)
  return talk
}

async function openForRecords(stage: Stage): Promise<StringTalk> {
  if (!stage.givesRecords) throw new Skipped('a plugin with direction = in is given no records')
  return StringTalk.open(stage)
}

function scene(name: string, why: string, play: (stage: Stage) => Promise<void>): Scene {
  return { kind: 'scene', name, why, formats: ['string'], play }
}

/** That it starts at all, and ends when its input does: nothing else makes sense without. */
export const END_OF_INPUT: Scene = scene(
  'end-of-input',
  'A string plugin is stopped by the end of its input; what stays gets SIGTERM after stop_timeout.',
  endOfInput,
)

export const STRING_SCENES: readonly Scene[] = [
  scene('recorded-stream', 'Real records are long and short, enriched and raw, with a node and without.', recorded),
  scene('record-lengths', 'A line may hold one byte, or 65,536 with its LF.', lengths),
  scene('any-bytes', 'A record holds any byte but LF and NUL, and whoever is watched chooses some of them.', bytes),
  scene('pieces', 'A read ends anywhere, in the middle of a record or of a character.', pieces),
  scene('burst', 'More than a FIFO holds comes at once, while nobody reads what the plugin prints.', burst),
  scene('hangup', 'SIGHUP tells a string plugin to read its configuration again; it starts with it ignored.', hangup),
  scene('torn-by-end', 'The input may end in the middle of a record, when the dispatcher is killed.', tornByEnd),
  scene('terminate', 'SIGTERM ends a plugin within stop_timeout, or SIGKILL does.', terminate),
]
