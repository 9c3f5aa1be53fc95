import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import { fields, number, text, type Shape } from '../../src/config/json-shape.js'
import type { Place } from './source.js'

const MAX_TEXT = 4096
const FILE_MODE = 0o600
const DIR_MODE = 0o750

/** Where in which source the last process had stopped. */
export interface SavedPlace {
  readonly source: string
  readonly place: Place
}

/** Where, and when that was. */
export interface LoadedPlace extends SavedPlace {
  readonly savedAtMs: number
}

const SHAPE: Shape<Place & { readonly source: string }> = fields({
  source: text(MAX_TEXT),
  identity: text(MAX_TEXT),
  base: number,
  offset: number,
})

/** Undefined: nothing was ever written. Otherwise the reason why nothing can be made of it. */
export function loadPlace(path: string): LoadedPlace | undefined | string {
  let parsed: unknown
  let savedAtMs: number
  try {
    savedAtMs = statSync(path).mtimeMs
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    return errorCode(error) === '' ? 'it holds no position' : errorText(error)
  }
  const saved = SHAPE(parsed)
  if (saved === undefined || ![saved.base, saved.offset].every((each) => Number.isSafeInteger(each) && each >= 0))
    return 'it holds no position'
  const { source, identity, base, offset } = saved
  return { source, place: { identity, base, offset }, savedAtMs }
}

/** Written beside and renamed, so that there is always a whole one. Throws what node:fs throws. */
export function savePlace(path: string, { source, place }: SavedPlace): void {
  mkdirSync(dirname(path), { recursive: true, mode: DIR_MODE })
  // Made anew, so that nothing that stands there is followed.
  rmSync(`${path}.new`, { force: true })
  const fd = openSync(`${path}.new`, 'wx', FILE_MODE)
  try {
    writeFileSync(fd, `${JSON.stringify({ source, ...place })}\n`)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${path}.new`, path)
}
