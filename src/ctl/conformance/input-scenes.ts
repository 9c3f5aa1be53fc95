import { Failed, Skipped, type Scene } from './check.js'
import { Conversation } from './conversation.js'
import type { Stage } from './stage.js'

/** A source that has something says it within this. */
const SOURCE_MS = 1000
/** Whoever does not wait for a settlement does not wait this long. */
const OVERRUN_MS = 200
const SMALL_WINDOW = 4

async function records(stage: Stage): Promise<void> {
  if (stage.examinee.direction === 'out') throw new Skipped('a plugin with direction = out sends no records')
  const conversation = await Conversation.open(stage)
  await conversation.plugin.until(
    () => conversation.input.count > 0 || conversation.plugin.exit !== undefined,
    SOURCE_MS,
  )
  if (conversation.input.count === 0) {
    if (stage.examinee.direction === 'auto') throw new Skipped('it sent no RECORD')
    throw new Failed('a RECORD within a second: give the plugin a source that has some', 'none')
  }
  await conversation.livesFor(OVERRUN_MS)
  await conversation.finish()
}

async function window(stage: Stage): Promise<void> {
  needsRecords(stage)
  const conversation = await Conversation.open(stage, { inWindow: SMALL_WINDOW })
  const { input } = conversation
  input.isSettling = false
  await conversation.plugin.until(
    () => input.count >= SMALL_WINDOW || conversation.plugin.exit !== undefined,
    SOURCE_MS,
  )
  if (input.count === 0) throw new Skipped('it sent no RECORD this time')
  await conversation.livesFor(OVERRUN_MS)
  const { count, highest } = input
  const hasMore = stage.examinee.facts.mostRecords > count
  conversation.say(input.settleAll())
  const expected = `more records once ACK ${highest} has settled all ${count} of them`
  if (hasMore) await conversation.until(() => input.count > count, stage.limits.answerMs, expected)
  await conversation.finish()
}

async function refused(stage: Stage): Promise<void> {
  needsRecords(stage)
  const conversation = await Conversation.open(stage, { inWindow: SMALL_WINDOW })
  const { input } = conversation
  input.isSettling = false
  await conversation.plugin.until(() => input.count > 0 || conversation.plugin.exit !== undefined, SOURCE_MS)
  if (input.count === 0) throw new Skipped('it sent no RECORD this time')
  conversation.say(`ERR ${input.highest} bad-record not to this dispatcher's taste\n`)
  conversation.say(input.settleAll())
  await conversation.livesFor(OVERRUN_MS)
  await conversation.finish()
}

async function positions(stage: Stage): Promise<void> {
  needsRecords(stage)
  const first = await Conversation.open(stage, { inWindow: SMALL_WINDOW })
  if (!first.options.positions) throw new Skipped('READY came without `positions`')
  await first.plugin.until(() => first.input.count >= SMALL_WINDOW || first.plugin.exit !== undefined, SOURCE_MS)
  if (first.input.count === 0) throw new Skipped('it sent no RECORD this time')
  await first.kill()
  const second = await Conversation.open(stage, { run: first.run, received: first.input.highest })
  await second.plugin.until(() => second.input.count > 0 || second.plugin.exit !== undefined, SOURCE_MS)
  await second.livesFor(OVERRUN_MS)
  for (const [n, record] of second.input.kept) {
    const before = first.input.kept.get(n)
    if (before === undefined ? n > first.input.highest : before.equals(record)) continue
    const seen = before === undefined ? 'a position that was none' : 'another record'
    throw new Failed(`the same record as before at position ${n}, or one above ${first.input.highest}`, seen)
  }
  await second.finish()
}

function needsRecords(stage: Stage): void {
  const { direction, facts } = stage.examinee
  if (direction === 'out') throw new Skipped('a plugin with direction = out sends no records')
  if (direction === 'auto' && facts.mostRecords === 0) throw new Skipped('it sent no RECORD')
}

export const INPUT_SCENES: readonly Scene[] = [
  {
    kind: 'scene',
    name: 'input-records',
    why: 'A plugin with direction = in or both is there to send records.',
    formats: ['protocol'],
    play: records,
  },
  {
    kind: 'scene',
    name: 'input-resumes',
    why: 'With in-window records that are not settled the plugin waits, and goes on when they are.',
    formats: ['protocol'],
    play: window,
  },
  {
    kind: 'scene',
    name: 'input-refused',
    why: 'A record that is refused is settled by that, and the others go on.',
    formats: ['protocol'],
    play: refused,
  },
  {
    kind: 'scene',
    name: 'input-positions',
    why: 'With `positions` an n means the same record for ever, or a death would repeat or swap records.',
    formats: ['protocol'],
    play: positions,
  },
]
