import { ANSWER_SCENES } from './answer-scenes.js'
import type { Check } from './check.js'
import { DELIVERY_SCENES } from './delivery-scenes.js'
import { ENDING_SCENES, STOP } from './ending-scenes.js'
import { INPUT_SCENES } from './input-scenes.js'
import { OPENING, OPENING_SCENES } from './opening-scenes.js'
import { RULES } from './rules.js'
import { END_OF_INPUT, STRING_SCENES } from './string-scenes.js'

/**
 * Every check, in the order in which they are made. Those stand first whose failure would show in the others too, and
 * rules last, as they are known when all scenes are over.
 */
export const CHECKS: readonly Check[] = [
  OPENING,
  STOP,
  ...OPENING_SCENES,
  ...DELIVERY_SCENES,
  ...ANSWER_SCENES,
  // Whether there are commands to be refused is known by then.
  ...ENDING_SCENES,
  ...INPUT_SCENES,
  END_OF_INPUT,
  ...STRING_SCENES,
  ...RULES,
]

/** Without these, the rest would only fail in the same way. */
export const FIRST_OF_ALL: ReadonlySet<Check> = new Set([OPENING])
