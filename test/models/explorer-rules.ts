// What has to hold in every world, and what rest is.

import type { Entry, Sender, World } from './explorer-world.js'

/** More than any faults here are a reason for. */
const MAX_STREAMS = 8

/** What is wrong with a world, whatever happens next; I1 to I6 of the design. Undefined: nothing. */
export function violation(world: World, initial: World): string | undefined {
  return journalFault(world.receiver.journal) ?? diskFault(world, initial) ?? boundFault(world)
}

/** Two ends that follow the rules find nothing wrong with each other, whatever happens to them. */
export function injustice({ accused }: World): string | undefined {
  return accused === undefined ? undefined : `accused: ${accused}`
}

/** What is wrong with a world at rest (I7): contents that were durable in a living spool and are nowhere. */
export function lossAtRest(world: World): string | undefined {
  const there = new Set(world.receiver.journal.flatMap(lettersOf))
  for (const { log } of world.senders)
    for (const letter of log) if (!there.has(letter)) return `I7: ${letter} is lost and nothing says so`
  return undefined
}

/** Nothing is underway and everybody has done what there was to do. */
export function isAtRest(world: World): boolean {
  const { receiver, senders } = world
  if (!receiver.isUp || receiver.durable < receiver.journal.length || receiver.asked.length > 0) return false
  return senders.every((sender) => {
    const { isUp, old, asked, acked, durable, log } = sender
    if (!isUp || old !== undefined || asked.length > 0 || acked.seq !== durable || durable !== log.length) return false
    return isStreaming(sender) || isReplaced(sender, world)
  })
}

function isStreaming({ core, timelines, durable, in: coming, out }: Sender): boolean {
  if (core.phase.kind !== 'up' || core.phase.step.kind !== 'streaming' || coming.length > 0 || out.length > 0)
    return false
  return core.phase.step.stream === timelines.at(-1)?.stream && core.phase.step.next === durable + 1
}

/** Its copy has the stream, and it has nothing to send: it waits, for an hour or until it has. */
function isReplaced(sender: Sender, world: World): boolean {
  const { phase } = sender.core
  if (phase.kind !== 'down' || phase.idleUntilMs === phase.untilMs) return false
  const stream = sender.timelines.at(-1)?.stream
  const hasCopy = world.senders.some((other) => isStreaming(other) && other.timelines.at(-1)?.stream === stream)
  // After a restore it comes back within that hour, and only then all is there again.
  return hasCopy && lossAtRest({ ...world, senders: [sender] }) === undefined
}

function journalFault(journal: readonly Entry[]): string | undefined {
  const seen = new Set<string>()
  const ends = new Map<string, Entry>()
  for (const entry of journal) {
    const { kind, stream, from, to, chain } = entry
    const end = ends.get(stream)
    if (end !== undefined && (from !== end.to + 1 || kind === 'fork'))
      return `I1: ${stream} has ${from} behind ${end.to}`
    if (to !== chain.length) return `I2: ${stream} has ${to} with the chain of ${chain.length}`
    if (end !== undefined && kind === 'data' && !chain.startsWith(end.chain))
      return `I2: ${stream} has other than was sent`
    if (kind === 'data')
      for (const letter of lettersOf(entry)) {
        if (seen.has(letter)) return `I5: ${letter} stands twice`
        seen.add(letter)
        // Letters are given in order, so the chain of a stream rises.
        if (end !== undefined && letter < (end.chain.at(-1) ?? '')) return `I6: ${stream} is out of order`
      }
    ends.set(stream, entry)
  }
  return undefined
}

/** I3 and I4. What the receiver has lost itself is excused until sender and receiver have compared what they have. */
function diskFault({ senders, receiver, faults }: World, { faults: budget }: World): string | undefined {
  const hasLost = faults.restR < budget.restR || faults.wipeR < budget.wipeR
  const durable = new Set(receiver.journal.slice(0, receiver.durable).flatMap(lettersOf))
  for (const { log, freed, acked, core } of senders) {
    const isLost = (letter: string): boolean => !durable.has(letter)
    if (!hasLost && log.slice(0, freed).split('').some(isLost)) return 'I3: freed and not durable at the receiver'
    const isCompared = core.phase.kind === 'up' && core.phase.step.kind === 'streaming'
    if ((!hasLost || isCompared) && log.slice(freed, acked.seq).split('').some(isLost))
      return 'I4: acknowledged and not durable at the receiver'
  }
  return undefined
}

/** Channels and books stay small (I8), and a fork settles what it is for, whatever order things come in. */
function boundFault({ senders, receiver, streams }: World): string | undefined {
  if (streams > MAX_STREAMS) return 'L1: forked without end'
  if (senders.some(({ in: coming, out, asked }) => coming.length > 6 || out.length > 6 || asked.length > 4))
    return 'I8: a queue grows'
  return receiver.core.sessions.length > 4 ? 'I8: too many sessions' : undefined
}

function lettersOf({ from, to, chain }: Entry): string[] {
  return chain.slice(from - 1, to).split('')
}
