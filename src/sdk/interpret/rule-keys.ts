import { decodedText, encodedText } from './encoded-text.js'

/** Between the keys of a rule that has several. */
const KEY_SEPARATOR = '\x01'

/**
 * The values of the fields that a `key` in hex becomes, one for each key of the rule. One that cannot be decoded has a
 * field without a value, which is an empty one here: no other `key` has that.
 */
export function keyValues(value: string): readonly string[] {
  const text = decodedText(value)
  if (text === undefined) return ['']
  return text
    .split(KEY_SEPARATOR)
    .filter((key) => key !== '')
    .map(encodedText)
}
