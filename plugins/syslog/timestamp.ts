const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
/** RFC 5424 has four digits for the year. */
const MAX_MS = Date.UTC(10_000, 0, 1) - 1

/** As RFC 5424 has it, in UTC with milliseconds; `-` for a time that it cannot say. */
export function isoTime(ms: number): string {
  return ms <= MAX_MS ? new Date(ms).toISOString() : '-'
}

/** As RFC 3164 has it: local time, without year and fraction. */
export function oldTime(ms: number): string {
  const date = new Date(Math.min(ms, MAX_MS))
  const day = String(date.getDate()).padStart(2, ' ')
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((each) => String(each).padStart(2, '0'))
  return `${MONTHS[date.getMonth()] ?? ''} ${day} ${clock.join(':')}`
}
