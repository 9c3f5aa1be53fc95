import { Failed, Skipped, type Scene } from './check.js'
import { Conversation } from './conversation.js'
import { record, recordedRecords, withEnds } from './sample-records.js'
import type { Stage } from './stage.js'

const FEW = 3
/** More than this at once proves nothing more, and takes its time. */
const MOST_AT_ONCE = 4096
const RUN_ON = 5
/** A source that has more sends it within this. */
const COMMAND_MS = 300

async function acks(stage: Stage): Promise<void> {
  if (!stage.givesRecords) throw new Skipped('a plugin with direction = in is given no records')
  const conversation = await Conversation.open(stage)
  if (!conversation.hasAck) throw new Skipped('READY came without `ack`')
  await conversation.deliver(withEnds(recordedRecords().slice(0, FEW)))
  await conversation.allAcked()
  const { window } = conversation.options
  if (window <= MOST_AT_ONCE) {
    const { ackedTo } = conversation
    for (let count = 0; count < window; count++) conversation.record(record(`${count} of a window`))
    await conversation.written()
    const expected = `an ACK within a second, as all ${window} records of its window are outstanding`
    await conversation.until(() => conversation.ackedTo > ackedTo, stage.limits.ackMs, expected)
  }
  await conversation.allAcked()
}

async function ping(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  const asked = [1, 2, 77, Number.MAX_SAFE_INTEGER]
  for (const [index, n] of asked.entries()) {
    conversation.ping(n)
    if (index === 1 && stage.givesRecords) await conversation.deliver([record('between two PINGs')])
    const expected = `PONG ${n} in answer to PING ${n}, and nothing else in its place`
    await conversation.until(() => conversation.pongs.length > index, stage.limits.answerMs, expected)
    if (conversation.pongs[index] !== n) throw new Failed(expected, `PONG ${conversation.pongs[index]}`)
  }
  await conversation.finish()
  if (conversation.pongs.length > asked.length) {
    throw new Failed('one PONG for each PING', `${conversation.pongs.length} for ${asked.length}`)
  }
}

async function reload(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  if (stage.givesRecords) await conversation.deliver(recordedRecords().slice(0, RUN_ON))
  conversation.say('RELOAD\n')
  conversation.say('RELOAD\n')
  if (stage.givesRecords) await conversation.deliver(recordedRecords().slice(0, RUN_ON))
  // Only what comes behind shows that it has read RELOAD.
  conversation.ping(1)
  await conversation.until(
    () => conversation.pongs.length > 0,
    stage.limits.answerMs,
    'it lives on after RELOAD, and answers PING 1',
  )
  await conversation.finish()
}

async function refusals(stage: Stage): Promise<void> {
  if (!stage.examinee.facts.sentDeniable) throw new Skipped('it sent no COMMAND that may be denied')
  const conversation = await Conversation.begin(stage, {}, true)
  await conversation.greet()
  await conversation.livesFor(COMMAND_MS)
  if (stage.givesRecords) await conversation.deliver(recordedRecords().slice(0, RUN_ON))
  await conversation.finish()
}

export const ANSWER_SCENES: readonly Scene[] = [
  {
    kind: 'scene',
    name: 'acks-in-time',
    why: 'Whoever says `ack` acknowledges at the latest when its window or one second is full, or the queue fills.',
    formats: ['protocol'],
    play: acks,
  },
  {
    kind: 'scene',
    name: 'ping',
    why: 'Where the drop-in has a watchdog, a plugin that does not answer PING n by PONG n is started again.',
    formats: ['protocol'],
    play: ping,
  },
  {
    kind: 'scene',
    name: 'reload',
    why: 'RELOAD asks an unchanged plugin to read its own configuration again, not to end.',
    formats: ['protocol'],
    play: reload,
  },
  {
    kind: 'scene',
    name: 'refusals',
    why: 'action and reload, or pause and resume, may be denied by the drop-in, and the plugin has to live with that.',
    formats: ['protocol'],
    play: refusals,
  },
]
