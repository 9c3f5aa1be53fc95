// audit.log, audit.log.1, audit.log.2 and so on, as auditd names them: the higher the older. With .gz where they are compressed.
//
// A rotation shifts from the first free number down to the file that is written, the oldest of them first, so that no step overwrites
// anything: the name that a file gets is free. A death between two steps leaves a free number further down, with every file there; the
// next rotation begins at that one.

import type { Naming, Step } from './naming.js'

const GZ = '.gz'

interface Numbered {
  readonly name: string
  /** 0 is the one that is written. */
  readonly number: number
  readonly suffix: string
}

/** `base` is the name of the file that is written, without .gz. */
export function simpleNames(base: string, isStream: boolean): Naming {
  const active = base + (isStream ? GZ : '')
  const numbered = (names: readonly string[]): Numbered[] => names.flatMap((name) => numberedName(name, base))
  const rotated = (names: readonly string[]): Numbered[] =>
    numbered(names)
      .filter(({ number }) => number > 0)
      .toSorted((a, b) => b.number - a.number)
  return {
    current: (names) => (names.includes(active) ? active : undefined),
    begin: () => active,
    strays: (names) => numbered(names).flatMap(({ name, number }) => (number === 0 && name !== active ? [name] : [])),
    retire(name, names) {
      const taken = rotated(names)
      let free = 1
      while (taken.some(({ number }) => number === free)) free++
      const shifted = taken.filter(({ number }) => number < free)
      const steps = shifted.map((each): Step => ({
        kind: 'rename',
        from: each.name,
        to: `${base}.${each.number + 1}${each.suffix}`,
      }))
      const suffix = name.endsWith(GZ) ? GZ : ''
      return [...steps, { kind: 'rename', from: name, to: `${base}.1${suffix}` }]
    },
    rotated: (names) => rotated(names).map(({ name }) => name),
    // A file that is written with a free number above it, and others above that: a rotation that did not come to its end.
    isInterrupted(names) {
      const taken = rotated(names).map(({ number }) => number)
      return taken.length > 0 && (taken[0] ?? 0) > new Set(taken).size
    },
  }
}

function numberedName(name: string, base: string): Numbered[] {
  if (!name.startsWith(base)) return []
  const [whole, digits, suffix = ''] = /^(?:\.([1-9]\d{0,8}))?(\.gz)?$/.exec(name.slice(base.length)) ?? []
  return whole === undefined ? [] : [{ name, number: Number(digits ?? 0), suffix }]
}
