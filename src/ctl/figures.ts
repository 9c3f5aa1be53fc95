// Figures as people read them.

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SPAN_UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['min', MINUTE_MS],
  ['s', SECOND_MS],
] as const
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
const RATE_UNITS = ['', 'k', 'M', 'G'] as const

/** `1,234,567`, the same wherever it runs. */
export function countText(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1 record`, `1,234 records`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `64 MiB`, `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${shortly(bytes / 1024 ** power)} ${BYTE_UNITS[power] ?? ''}`
}

/** `12.3k/s`. */
export function rateText(perSecond: number): string {
  const power = Math.min(RATE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, perSecond)) / 3)))
  const value = perSecond / 1000 ** power
  return `${power === 0 ? Math.round(value) : value.toFixed(1)}${RATE_UNITS[power] ?? ''}/s`
}

/** A time as its two largest units, `2 d 4 h`; below a second in milliseconds. */
export function spanText(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`
  const first = SPAN_UNITS.findIndex(([, unit]) => ms >= unit)
  let rest = ms
  const parts = SPAN_UNITS.slice(first, first + 2).map(([name, unit]) => {
    const count = Math.floor(rest / unit)
    rest %= unit
    return { name, count }
  })
  return parts
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name}`)
    .join(' ')
}

function shortly(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, '')
}
