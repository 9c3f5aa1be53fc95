// A line of a log file: time, host and tag before the text. `Nov 22 07:10:32 host kernel: [36706.628354] TEXT` as syslog daemons have
// written it for ever, or with a time as 2026-11-22T07:10:32.786543+00:00; LOGEMU leaves the tag out.

import { readLogText } from './log-text.js'
import { OTHER, type Reading } from './packet.js'

const HEADER =
  /^(?:([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)) \S{1,255} /
const KERNEL_TAG = /^kernel: (?:\[ *\d{1,10}\.\d{6}\] ?)?/
/** ulogd2 with its SYSLOG output. */
const ULOGD_TAG = /^ulogd(?:\[\d{1,10}\])?: /
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000
/** Every such line has it, and hardly any other. */
const MARK = Buffer.from(' OUT=')

/** `line` without its end. Whether it is worth a second look is seen without making text of it. */
export function readLogLine(line: Buffer, format: 'syslog' | 'logemu', nowMs: number): Reading {
  if (!line.includes(MARK)) return OTHER
  const text = line.toString('latin1')
  const header = HEADER.exec(text)
  if (header === null) return OTHER
  const rest = text.slice(header[0].length)
  const tag = format === 'logemu' ? '' : (KERNEL_TAG.exec(rest) ?? ULOGD_TAG.exec(rest))?.[0]
  if (tag === undefined) return OTHER
  const reading = readLogText(rest.slice(tag.length))
  if (reading.kind !== 'packet') return reading
  return { kind: 'packet', packet: { ...reading.packet, timeMs: timeOf(header, nowMs) } }
}

function timeOf(header: RegExpExecArray, nowMs: number): number | undefined {
  const [, month = '', day, hours, minutes, seconds, iso] = header
  const timeMs =
    iso === undefined
      ? withoutYear(MONTHS.indexOf(month), Number(day), Number(hours), Number(minutes), Number(seconds), nowMs)
      : Date.parse(iso.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/** This year, or the last one where that would lie in the future. In the zone of this process, as syslog daemons write it. */
function withoutYear(
  month: number,
  day: number,
  hours: number,
  minutes: number,
  seconds: number,
  nowMs: number,
): number {
  if (month < 0) return NaN
  const year = new Date(nowMs).getFullYear()
  const timeMs = new Date(year, month, day, hours, minutes, seconds).getTime()
  return timeMs > nowMs + DAY_MS ? new Date(year - 1, month, day, hours, minutes, seconds).getTime() : timeMs
}
