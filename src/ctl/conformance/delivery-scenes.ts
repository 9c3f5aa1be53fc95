import { Skipped, type Scene } from './check.js'
import { Conversation } from './conversation.js'
import type { Opening } from './opening.js'
import { manyRecords, oddRecords, record, recordedRecords, recordThatFills } from './sample-records.js'
import type { Stage } from './stage.js'

const HIGHEST_SEQ = Number.MAX_SAFE_INTEGER
/** Several times what a FIFO holds. */
const BURST_BYTES = 400 * 1024
/** How long nobody listens to the plugin. */
const UNHEARD_MS = 200
/** Some go in pieces that nobody can miss. */
const SLOW_RECORDS = 2
const SLOW_PIECE_BYTES = 90
const SLOW_PIECE_MS = 100
/** Records that go byte by byte; what is longer goes in pieces. */
const BY_THE_BYTE = 3
const PIECE_BYTES = 61
const IN_PIECES = 20

async function recorded(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage, { next: 101 })
  await conversation.deliver(recordedRecords())
  await conversation.finish()
}

async function lengths(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage)
  await conversation.deliver([Buffer.from('x')])
  for (let count = 0; count < 2; count++) {
    await conversation.deliver([recordThatFills(`RECORD ${conversation.next} `)])
  }
  await conversation.deliver([record('behind the longest')])
  await conversation.finish()
}

async function bytes(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage)
  await conversation.deliver(oddRecords())
  await conversation.livesFor()
  // Whoever takes the backslash at the end for a sign that the line goes on does not see the next one.
  conversation.ping(1)
  const expected = 'PONG 1 in answer to PING 1, behind a record that ends in a backslash'
  await conversation.until(() => conversation.pongs.length > 0, stage.limits.answerMs, expected)
  await conversation.finish()
}

async function sequence(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage)
  // 2^31 and 2^32 are where numbers of 32 bits end.
  for (const seq of [2, 9, 10, 1000, 2 ** 31, 2 ** 32 + 1, HIGHEST_SEQ - 1, HIGHEST_SEQ]) {
    conversation.record(record(`seq ${seq}`), seq)
    await conversation.written()
  }
  await conversation.finish()
}

async function lost(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage)
  await conversation.deliver([record('before the loss')])
  conversation.lost(3, 2, 4, 'queue-full')
  conversation.lost(1, 5, 5, 'too-long')
  await conversation.deliver([record('behind the loss')])
  conversation.lost(0, 7, 7, 'input-gap')
  conversation.lost(2, 8, 20, 'a-later-reason')
  await conversation.written()
  await conversation.finish()
}

async function pieces(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage)
  const records = recordedRecords()
  conversation.plugin.pieceBytes = 1
  await conversation.deliver(records.slice(0, BY_THE_BYTE))
  conversation.plugin.pieceBytes = PIECE_BYTES
  await conversation.deliver(records.slice(BY_THE_BYTE, IN_PIECES))
  // On a busy machine pieces run together before they are read; these have time enough.
  conversation.plugin.pieceBytes = SLOW_PIECE_BYTES
  conversation.plugin.pieceMs = SLOW_PIECE_MS
  await conversation.deliver(records.slice(0, SLOW_RECORDS))
  conversation.plugin.pieceBytes = Infinity
  await conversation.finish()
}

async function burst(stage: Stage): Promise<void> {
  const conversation = await openForRecords(stage)
  conversation.plugin.isHeard = false
  const all = manyRecords(BURST_BYTES)
  const atOnce = conversation.hasAck ? all.slice(0, conversation.options.window) : all
  for (const each of atOnce) conversation.record(each)
  await conversation.plugin.until(() => false, UNHEARD_MS)
  conversation.plugin.isHeard = true
  await conversation.written()
  await conversation.deliver(all.slice(atOnce.length))
  await conversation.finish()
}

async function openForRecords(stage: Stage, opening?: Opening): Promise<Conversation> {
  if (!stage.givesRecords) throw new Skipped('a plugin with direction = in is given no records')
  return Conversation.open(stage, opening)
}

export const DELIVERY_SCENES: readonly Scene[] = [
  {
    kind: 'scene',
    name: 'recorded-stream',
    why: 'Real records are long and short, enriched and raw, with a node and without.',
    formats: ['protocol'],
    play: recorded,
  },
  {
    kind: 'scene',
    name: 'record-lengths',
    why: 'A record may be one byte, and a line 65,536 bytes with its LF.',
    formats: ['protocol'],
    play: lengths,
  },
  {
    kind: 'scene',
    name: 'any-bytes',
    why: 'A record holds any byte but LF and NUL, and whoever is watched chooses some of them.',
    formats: ['protocol'],
    play: bytes,
  },
  {
    kind: 'scene',
    name: 'sequence',
    why: 'seq skips what the plugin did not subscribe to, and goes up to 2^53-1.',
    formats: ['protocol'],
    play: sequence,
  },
  {
    kind: 'scene',
    name: 'lost',
    why: 'LOST stands in its place and is acknowledged like a record, or it comes again for ever.',
    formats: ['protocol'],
    play: lost,
  },
  {
    kind: 'scene',
    name: 'pieces',
    why: 'A read ends anywhere: in the middle of a verb, of a number, of a character.',
    formats: ['protocol'],
    play: pieces,
  },
  {
    kind: 'scene',
    name: 'burst',
    why: 'More than a FIFO holds comes at once, while the dispatcher has no time for what the plugin says.',
    formats: ['protocol'],
    play: burst,
  },
]
