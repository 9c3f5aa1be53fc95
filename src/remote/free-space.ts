import { size } from '../config/quantity.js'
import type { Parsed } from '../config/value.js'

const TIB = 1024 ** 4

/** How much of a file system is to stay free. */
export type FreeSpace =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'share'; readonly percent: number }

/** A percentage such as `5%`, or a size. */
export function freeSpace(text: string): Parsed<FreeSpace> {
  const [, percent] = /^(\d{1,2}(?:\.\d{1,2})?)%$/.exec(text) ?? []
  if (percent !== undefined) return { value: { kind: 'share', percent: Number(percent) } }
  const parsed = size(0, TIB)(text)
  if ('value' in parsed) return { value: { kind: 'bytes', bytes: parsed.value } }
  return { mistake: `'${text}' is neither a percentage below 100, such as 5%, nor a size, such as 1G` }
}

/** What that comes to on a file system of so many bytes. */
export function bytesToKeepFree(space: FreeSpace, totalBytes: number): number {
  return space.kind === 'bytes' ? space.bytes : Math.ceil((totalBytes * space.percent) / 100)
}
