// What is watched over in every scene, whatever it is about.

import type { Format, Rule } from './check.js'

const PROTOCOL: readonly Format[] = ['protocol']

function rule(name: string, why: string, formats: readonly Format[] = PROTOCOL): Rule {
  return { kind: 'rule', name, why, formats }
}

export const KNOWN_LINES = rule(
  'known-lines',
  'A line that is none of version 1 is a violation, and the tenth in a minute restarts the plugin.',
)
export const LINE_LENGTH = rule(
  'line-length',
  'A line over 65,536 bytes restarts the plugin: the dispatcher has no more room for it.',
)
export const READY_FIRST = rule(
  'ready-first',
  'Before READY nobody knows which version the plugin speaks, or whether it acknowledges.',
)
export const READY_ONCE = rule('ready-once', 'A second READY is a violation: nobody knows which one holds.')
export const ACKS_ANNOUNCED = rule(
  'acks-announced',
  'Without `ack` in READY the dispatcher keeps nothing, so that an ACK promises what nobody relies on.',
)
export const ACKS_POSSIBLE = rule(
  'acks-possible',
  'An ACK of what was never sent, or not to its end, frees records that the plugin has never seen: it is restarted.',
)
export const ACKS_RISE = rule('acks-rise', 'An ACK not above the last one is a violation: what was freed is gone.')
export const PONGS_ASKED = rule(
  'pongs-asked',
  'A PONG that nobody asked for is a violation: it could hide that one is missing.',
)
export const COMMANDS = rule(
  'commands',
  'A command without a proper tag and name cannot be answered, or is answered by ERR.',
)
export const DIRECTION = rule('direction', 'With `direction = out` nobody takes the records that a plugin sends.')
export const INPUT_RISES = rule(
  'input-rises',
  'A record whose n does not rise from 1 by the process cannot be settled without doubt.',
)
export const INPUT_LOOKS = rule('input-looks', 'What does not look like an audit record is refused and thus lost.', [
  'protocol',
  'string',
])
export const INPUT_WINDOW = rule(
  'input-window',
  'Records over in-window are answered by `busy` and not taken, so that the plugin has to send them again.',
)

export const RULES: readonly Rule[] = [
  KNOWN_LINES,
  LINE_LENGTH,
  READY_FIRST,
  READY_ONCE,
  ACKS_ANNOUNCED,
  ACKS_POSSIBLE,
  ACKS_RISE,
  PONGS_ASKED,
  COMMANDS,
  DIRECTION,
  INPUT_RISES,
  INPUT_LOOKS,
  INPUT_WINDOW,
]
