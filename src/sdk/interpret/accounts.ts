// The names that a host has for numbers. libauparse asks the C library, which looks into these files and wherever else
// nsswitch.conf sends it; here it is the files alone, and whoever has more can give maps of his own.

import { readFileSync } from 'node:fs'
import { errorCode } from '../../config/error-code.js'

const FILES = { users: '/etc/passwd', groups: '/etc/group', protocols: '/etc/protocols' } as const
const MAX_NUMBER = 4294967295

/** The names that a host has for numbers. */
export interface Accounts {
  /** Users by their uid; 0 is `root` in interpretations, whatever it is here. */
  readonly users: ReadonlyMap<number, string>
  /** Groups by their gid; 0 is `root` as well. */
  readonly groups: ReadonlyMap<number, string>
  /** Protocols above IP, such as 6 for `tcp`. */
  readonly protocols: ReadonlyMap<number, string>
}

/** A host without any names. */
export const NO_ACCOUNTS: Accounts = { users: new Map(), groups: new Map(), protocols: new Map() }

/** Reads /etc/passwd, /etc/group and /etc/protocols; a file that is missing has no names. */
export function readAccounts(readText: (path: string) => string = readLatin1): Accounts {
  return {
    users: accountsIn(textOf(FILES.users, readText)),
    groups: accountsIn(textOf(FILES.groups, readText)),
    protocols: protocolsIn(textOf(FILES.protocols, readText)),
  }
}

/** The accounts in a passwd or group file: the name is the first part, the number the third; the first line of a number counts. */
export function accountsIn(text: string): ReadonlyMap<number, string> {
  return firstNames(
    text.split('\n').map((line) => {
      const [name = '', , number] = line.trimStart().split(':')
      return /^[#+-]/.test(name) ? ['', undefined] : [name, number]
    }),
  )
}

/** The names in a protocols file: the name, blanks, the number; what follows `#` is a comment. */
export function protocolsIn(text: string): ReadonlyMap<number, string> {
  return firstNames(
    text.split('\n').map((line) => {
      const [name = '', number] = line.replace(/#.*/, '').trim().split(/\s+/)
      return [name, number]
    }),
  )
}

function firstNames(
  pairs: readonly (readonly [name: string, number: string | undefined])[],
): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const [name, digits] of pairs) {
    if (name === '' || digits === undefined || !/^\d{1,10}$/.test(digits)) continue
    const number = Number(digits)
    if (number <= MAX_NUMBER && !names.has(number)) names.set(number, name)
  }
  return names
}

function textOf(path: string, readText: (path: string) => string): string {
  try {
    return readText(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}

function readLatin1(path: string): string {
  return readFileSync(path, 'latin1')
}
