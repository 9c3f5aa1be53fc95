import { Failed, Skipped, type Scene } from './check.js'
import { Conversation } from './conversation.js'
import { manyRecords, record, recordedRecords, withEnds } from './sample-records.js'
import type { Stage } from './stage.js'

const SOME = 20
/** Longer than most timers of plugins. */
const IDLE_MS = 2500
const MANY_BYTES = 64 * 1024

async function stop(stage: Stage): Promise<void> {
  try {
    const unused = await Conversation.open(stage)
    await unused.stop()
    const busy = await Conversation.open(stage)
    if (stage.givesRecords) await busy.deliver(manyRecords(MANY_BYTES))
    await busy.stop()
  } catch (error) {
    stage.examinee.facts.stopFails = true
    throw error
  }
}

async function idle(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  await conversation.livesFor(IDLE_MS)
  if (stage.givesRecords) await conversation.deliver([record('after a while')])
  await conversation.finish()
}

async function endOfInput(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  if (stage.givesRecords) await conversation.deliver(recordedRecords().slice(0, SOME))
  await conversation.livesFor()
  conversation.plugin.endInput()
  await conversation.endsWell('the end of its input')
  // A plugin that is taken out again at once, or whose dispatcher dies just then, gets no HELLO.
  const ungreeted = await Conversation.begin(stage)
  ungreeted.plugin.endInput()
  await ungreeted.endsWell('the end of its input, without HELLO')
}

async function tornByEnd(stage: Stage): Promise<void> {
  const conversation = await tornConversation(stage)
  await conversation.livesFor()
  conversation.plugin.endInput()
  await conversation.ends('the end of its input in the middle of a line', stage.limits.stopMs)
}

async function tornByTerm(stage: Stage): Promise<void> {
  const conversation = await tornConversation(stage)
  // It has come to the torn line when it has acknowledged what stands before.
  await conversation.allAcked()
  await conversation.livesFor()
  conversation.plugin.signal('SIGTERM')
  await conversation.ends('SIGTERM', stage.limits.stopMs)
}

async function tornConversation(stage: Stage): Promise<Conversation> {
  if (!stage.givesRecords) throw new Skipped('a plugin with direction = in is given no records')
  const conversation = await Conversation.open(stage)
  await conversation.deliver(withEnds(recordedRecords().slice(0, SOME)))
  const line = `RECORD ${conversation.next} ${record('this record is never whole').toString('latin1')}`
  conversation.say(line.slice(0, -'whole'.length))
  await conversation.written()
  return conversation
}

async function redelivery(stage: Stage): Promise<void> {
  if (!stage.givesRecords) throw new Skipped('a plugin with direction = in is given no records')
  const records = withEnds(manyRecords(MANY_BYTES))
  const first = await Conversation.open(stage)
  if (!first.hasAck) throw new Skipped('READY came without `ack`')
  const half = Math.min(records.length >> 1, first.options.window)
  for (const each of records.slice(0, half)) first.record(each)
  await first.until(() => first.ackedTo > 0, stage.limits.ackMs, 'an ACK within a second')
  await first.kill()

  const { ackedTo, sentTo } = first
  const second = await Conversation.open(stage, {
    run: first.run,
    next: ackedTo + 1,
    before: { ackedTo, sentTo },
  })
  if (!second.hasAck) throw new Failed('READY with `ack`, as from the process before', 'READY without it')
  // What `from=` says is safe does not come again.
  await second.deliver(records.slice(second.ackedTo))
  await second.allAcked()
  await second.kill()

  // Another dispatcher counts anew: what the plugin remembers of the run before means nothing now.
  const third = await Conversation.open(stage)
  await third.deliver(withEnds(records.slice(0, SOME)))
  await third.finish()
}

export const STOP: Scene = {
  kind: 'scene',
  name: 'stop',
  why: 'STOP asks a plugin to finish and acknowledge what it has, and to end with status 0, before it is killed.',
  formats: ['protocol'],
  play: stop,
}

export const ENDING_SCENES: readonly Scene[] = [
  {
    kind: 'scene',
    name: 'idle',
    why: 'A plugin to which nothing is said lives on: an end that nobody asked for is a death, even by status 0.',
    formats: ['protocol'],
    play: idle,
  },
  {
    kind: 'scene',
    name: 'end-of-input',
    why: 'When the dispatcher is killed there is no STOP, only the end of input: a plugin that stays is in the way of its successor.',
    formats: ['protocol'],
    play: endOfInput,
  },
  {
    kind: 'scene',
    name: 'torn-by-end',
    why: 'What stands before the end of input without an LF is a piece of a record, which comes again whole: it is not acknowledged.',
    formats: ['protocol'],
    play: tornByEnd,
  },
  {
    kind: 'scene',
    name: 'torn-by-term',
    why: 'SIGTERM comes at any moment; the plugin ends within stop_timeout, and acknowledges no piece of a record.',
    formats: ['protocol'],
    play: tornByTerm,
  },
  {
    kind: 'scene',
    name: 'redelivery',
    why: 'After a death the next process gets what was not acknowledged, and `from=` counts only within the same run.',
    formats: ['protocol'],
    play: redelivery,
  },
]
