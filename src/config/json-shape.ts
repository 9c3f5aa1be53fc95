// What a piece of JSON has to look like, as a value. What fits comes out with its type and without anything else.

/** Undefined: the value does not fit. */
export type Shape<T> = (value: unknown) => T | undefined
export type Shaped<S> = S extends Shape<infer T> ? T : never

export const number: Shape<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

export const yesNo: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)

/** At most so many characters; what is longer does not fit. */
export function text(maxLength: number): Shape<string> {
  return (value) => (typeof value === 'string' && value.length <= maxLength ? value : undefined)
}

export function oneOf<const T extends string>(words: readonly T[]): Shape<T> {
  return (value) => words.find((word) => word === value)
}

/** null, or what fits. */
export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? null : shape(value))
}

/** What fits, or in the place of what an older writer did not know yet, this. */
export function later<T>(shape: Shape<T>, otherwise: T): Shape<T> {
  return (value) => (value === undefined ? otherwise : shape(value))
}

export function list<T>(shape: Shape<T>, maxLength: number): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > maxLength) return undefined
    const fitting: T[] = []
    for (const item of value) {
      const one = shape(item)
      if (one === undefined) return undefined
      fitting.push(one)
    }
    return fitting
  }
}

/** An object of numbers under any names, at most so many. */
export function counts(maxLength: number): Shape<Readonly<Record<string, number>>> {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const entries: [string, number][] = []
    for (const [name, item] of Object.entries(value)) {
      const one = number(item)
      if (one === undefined || entries.length === maxLength) return undefined
      entries.push([name, one])
    }
    return Object.fromEntries(entries)
  }
}

/** Exactly two, such as the ends of a range. */
export function pair<T>(shape: Shape<T>): Shape<readonly [T, T]> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== 2) return undefined
    const [first, second] = [shape(value[0]), shape(value[1])]
    return first === undefined || second === undefined ? undefined : [first, second]
  }
}

/** An object with these fields; other fields are passed over, so that a newer writer is understood. */
export function fields<S extends Readonly<Record<string, Shape<unknown>>>>(
  shapes: S,
): Shape<{ readonly [K in keyof S]: Shaped<S[K]> }>
export function fields(shapes: Readonly<Record<string, Shape<unknown>>>): Shape<Readonly<Record<string, unknown>>> {
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined
    const given = new Map<string, unknown>(Object.entries(value))
    const fitting: [string, unknown][] = []
    for (const [key, shape] of Object.entries(shapes)) {
      const one = shape(given.get(key))
      if (one === undefined) return undefined
      fitting.push([key, one])
    }
    return Object.fromEntries(fitting)
  }
}
