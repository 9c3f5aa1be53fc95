import type { Parsed } from './value.js'

const SIZE_UNITS = [
  ['G', 1024 ** 3],
  ['M', 1024 ** 2],
  ['K', 1024],
] as const
const TIME_UNITS_MS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const
/** Read, not written: what is said of limits stays in hours. */
const DAY_MS = 86_400_000

export interface TimeRange {
  readonly firstMs: number
  readonly longestMs: number
}

/** A whole number from least to most, without a unit. */
export function count(least: number, most: number): (text: string) => Parsed<number> {
  return (text) => {
    const mistake = `'${text}' is not a whole number from ${least} to ${most}`
    return /^\d{1,15}$/.test(text) ? within(Number(text), least, most, mistake) : { mistake }
  }
}

/** Bytes, plain or with K, M or G, the powers of 1024. */
export function size(least: number, most: number): (text: string) => Parsed<number> {
  return (text) => {
    const mistake = `'${text}' is not a size from ${sizeText(least)} to ${sizeText(most)}, such as 65536 or 64M`
    const [, digits, unit = ''] = /^(\d{1,15})([KMG]?)$/i.exec(text) ?? []
    if (digits === undefined) return { mistake }
    const factor = SIZE_UNITS.find(([name]) => name === unit.toUpperCase())?.[1] ?? 1
    return within(Number(digits) * factor, least, most, mistake)
  }
}

/** A time with ms, s, m, h or d; plain numbers are seconds. */
export function time(leastMs: number, mostMs: number): (text: string) => Parsed<number> {
  return (text) => {
    const mistake = `'${text}' is not a time from ${timeText(leastMs)} to ${timeText(mostMs)}, such as 10s, 0.5s or 5m`
    const ms = toMs(text)
    return ms === undefined ? { mistake } : within(ms, leastMs, mostMs, mistake)
  }
}

/** Two times such as `0.1s..60s`, the first not the longer one. A single time stands for both. */
export function timeRange(leastMs: number, mostMs: number): (text: string) => Parsed<TimeRange> {
  return (text) => {
    const [first = '', longest = first, ...more] = text.split('..')
    const firstMs = toMs(first)
    const longestMs = toMs(longest)
    if (firstMs === undefined || longestMs === undefined || more.length > 0) {
      return { mistake: `'${text}' is no range of times, such as 0.1s..60s` }
    }
    if (firstMs > longestMs) return { mistake: `${first} is longer than ${longest}; the shorter time stands first` }
    const mistake = `'${text}' is not between ${timeText(leastMs)} and ${timeText(mostMs)}`
    return firstMs < leastMs || longestMs > mostMs ? { mistake } : { value: { firstMs, longestMs } }
  }
}

/** The shortest way to write a size that is read back as the same. */
export function sizeText(bytes: number): string {
  const unit = SIZE_UNITS.find(([, factor]) => bytes > 0 && bytes % factor === 0)
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`
}

/** The shortest way to write a time that is read back as the same. */
export function timeText(ms: number): string {
  const unit = TIME_UNITS_MS.find(([, factor]) => ms > 0 && ms % factor === 0)
  return unit === undefined ? '0s' : `${ms / unit[1]}${unit[0]}`
}

function toMs(text: string): number | undefined {
  const [, digits, unit = 's'] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)?$/i.exec(text) ?? []
  const wanted = unit.toLowerCase()
  const factor = wanted === 'd' ? DAY_MS : TIME_UNITS_MS.find(([name]) => name === wanted)?.[1]
  return digits === undefined || factor === undefined ? undefined : Math.round(Number(digits) * factor)
}

function within(value: number, least: number, most: number, mistake: string): Parsed<number> {
  return value >= least && value <= most ? { value } : { mistake }
}
