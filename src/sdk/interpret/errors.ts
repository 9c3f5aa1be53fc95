import { ERROR_TEXTS } from '../tables/auparse-errors.js'
import { signedNumber } from './c-number.js'
import { conversionError } from './number-names.js'

const LINE = /^(\d+) (\w+) (.*)$/gm

let errors: ReadonlyMap<number, string> | undefined

/** How a system call ended: `ENOENT(No such file or directory)` for an error, else the number as it is. */
export function exitStatus(value: string): string {
  const number = signedNumber(value, 10)
  if (number === undefined) return conversionError(value)
  if (number >= 0n) return value
  errors ??= new Map([...ERROR_TEXTS.matchAll(LINE)].map(([, code, name, text]) => [Number(code), `${name}(${text})`]))
  const code = Number(BigInt.asIntN(32, -number))
  return errors.get(code) ?? `(null)(${code === 0 ? 'Success' : `Unknown error ${code}`})`
}
