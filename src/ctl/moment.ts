import { usage } from './verb-options.js'

const SECONDS = /^\d{1,12}(?:\.\d{1,3})?$/
const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/

/** The point in time that an option gives, in milliseconds since 1970: a date, a date with a time, or seconds since 1970. */
export function momentIn(verb: string, option: string, text: string): number {
  const ms = SECONDS.test(text) ? Number(text) * 1000 : DATE.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(ms)) throw usage(verb, `--${option} '${text}' is no time`)
  return Math.round(ms)
}
