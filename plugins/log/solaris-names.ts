// START.not_terminated.HOST while it is written, START.END.HOST after that; times are UTC to the second. With .gz where they are
// compressed. A file's START is the END of the one before, or later, so that names sort as the files follow each other.

import type { Naming } from './naming.js'

const OPEN = 'not_terminated'
const SECOND_MS = 1000
/** What a host name has beside these could mean something in a path. */
const NOT_IN_NAMES = /[^A-Za-z0-9._-]/g

interface Parts {
  readonly name: string
  readonly start: string
  /** Undefined while it is written. */
  readonly end: string | undefined
  readonly suffix: string
}

export function solarisNames(hostName: string, isStream: boolean): Naming {
  const host = hostName.replaceAll(NOT_IN_NAMES, '_')
  const wanted = isStream ? '.gz' : ''
  const parts = (names: readonly string[]): Parts[] =>
    names.flatMap((name) => partsOf(name, host)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const open = (names: readonly string[]): Parts[] => parts(names).filter(({ end }) => end === undefined)
  const closed = (names: readonly string[]): Parts[] => parts(names).filter(({ end }) => end !== undefined)
  const current = (names: readonly string[]): string | undefined =>
    open(names).findLast(({ suffix }) => suffix === wanted)?.name
  return {
    current,
    begin(names, nowMs) {
      const latest = closed(names).reduce((last, { end = '' }) => (end > last ? end : last), stamp(nowMs))
      return `${latest}.${OPEN}.${host}${wanted}`
    },
    strays: (names) => open(names).flatMap(({ name }) => (name === current(names) ? [] : [name])),
    retire(name, names, endMs) {
      const [{ start, suffix } = { start: stamp(endMs), suffix: '' }] = partsOf(name, host)
      let end = stamp(endMs) > start ? stamp(endMs) : start
      // Two that begin and end in the same second.
      const isTaken = (): boolean =>
        closed(names).some((other) => other.start === start && other.end === end && other.name !== name)
      while (isTaken()) end = stamp(timeOf(end) + SECOND_MS)
      return [{ kind: 'rename', from: name, to: `${start}.${end}.${host}${suffix}` }]
    },
    rotated: (names) => closed(names).map(({ name }) => name),
    isInterrupted: () => false,
  }
}

function partsOf(name: string, host: string): Parts[] {
  const [, start, end, rest = ''] = /^(\d{14})\.(\d{14}|not_terminated)\.(.*)$/s.exec(name) ?? []
  if (start === undefined || (rest !== host && rest !== `${host}.gz`)) return []
  return [{ name, start, end: end === OPEN ? undefined : end, suffix: rest.slice(host.length) }]
}

/** Such as 20070111154632. */
function stamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

function timeOf(text: string): number {
  const [, year = 0, month = 1, ...rest] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.map(Number) ?? []
  const [day = 1, hour = 0, minute = 0, second = 0] = rest
  return Date.UTC(year, month - 1, day, hour, minute, second)
}
