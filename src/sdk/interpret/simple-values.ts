// Values that need no table of their own.

import { namesIn } from '../name-table.js'
import { CAPABILITIES } from '../tables/auparse-names.js'
import { lowBits, signedNumber, wholeNumber } from './c-number.js'
import { conversionError, numbered } from './number-names.js'

const UNSET_SESSION = '4294967295'
const FIRST_DIGIT = /^\d/
/** In the order in which they are named. */
const PERMISSIONS: readonly (readonly [bit: number, name: string])[] = [
  [4, 'read'],
  [2, 'write'],
  [1, 'exec'],
  [8, 'attr'],
]
/** To the kernel no permission at all means each. */
const ALL_PERMISSIONS = 15
const ETHERTYPES: ReadonlyMap<number, string> = new Map([
  [0x800, 'IP'],
  [0x806, 'ARP'],
])
/** What most files and many programs have. */
const NO_CAPABILITIES = 'none'
const READ_LOG_GROUP = 1n

/** `no` and `yes` for 0 and 1; words are as they are. */
export function success(value: string): string {
  if (!FIRST_DIGIT.test(value)) return value
  const number = lowBits(value, 10)
  if (number === undefined) return conversionError(value)
  if (number === 0) return 'no'
  return number === 1 ? 'yes' : 'unset'
}

/** What fanotify's listener answered. */
export function fanotifyAnswer(value: string): string {
  if (!FIRST_DIGIT.test(value)) return value
  const number = lowBits(value, 10)
  if (number === undefined) return conversionError(value)
  if (number === 1) return 'allow'
  return number === 2 ? 'deny' : 'unknown'
}

export function session(value: string): string {
  return value === UNSET_SESSION ? 'unset' : value
}

/** What a watch is about. */
export function watched(value: string): string {
  const number = signedNumber(value, 10)
  if (number === undefined) return conversionError(value)
  const bits = Number(BigInt.asIntN(32, number)) || ALL_PERMISSIONS
  return PERMISSIONS.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(',')
}

export function promiscuous(value: string): string {
  const number = signedNumber(value, 10)
  if (number === undefined) return conversionError(value)
  return BigInt.asIntN(32, number) === 0n ? 'no' : 'yes'
}

export function capabilities(value: string): string {
  const bits = wholeNumber(value, 16)
  if (bits === undefined) return conversionError(value)
  if (bits === 0n) return NO_CAPABILITIES
  const set = [...namesIn(CAPABILITIES)].filter(([number]) => ((bits >> BigInt(number)) & 1n) === 1n)
  return set.map(([, name]) => name).join(',') || NO_CAPABILITIES
}

export const ethertype = numbered(16, (number) => ETHERTYPES.get(number) ?? 'UNKNOWN')

export function netlinkGroup(value: string): string {
  const number = wholeNumber(value, 16)
  if (number === undefined) return conversionError(value)
  return number === READ_LOG_GROUP ? 'audit-netlink-multicast' : 'audit-none'
}
