// Addresses as the kernel's AUDIT target writes them (%pI4 and %pI6c), so that one address has one spelling whoever logged it.

import { isIPv4, isIPv6 } from 'node:net'

const GROUPS = 8
const MAPPED = 0xffff
/** The third last group of an ISATAP address, as the kernel knows it. */
const ISATAP = 0x5efe
const ISATAP_UNIVERSAL = 0x0200

/** Undefined: no address. */
export function addressText(text: string): string | undefined {
  if (isIPv4(text)) return text
  // A zone is part of no packet.
  if (!isIPv6(text) || text.includes('%')) return undefined
  return compressed(groupsOf(text))
}

function groupsOf(text: string): number[] {
  const withBytes = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  if (withBytes !== null) {
    const [, start = '', ...bytes] = withBytes
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number)
    return groupsOf(`${start}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`)
  }
  const [head = '', tail] = text.split('::')
  const front = hexGroups(head)
  const back = tail === undefined ? [] : hexGroups(tail)
  const zeros = Array.from({ length: GROUPS - front.length - back.length }, () => 0)
  return [...front, ...zeros, ...back]
}

function hexGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function compressed(groups: readonly number[]): string {
  const isDotted = hasIpv4(groups)
  const words = isDotted ? groups.slice(0, GROUPS - 2) : groups
  const { start, length } = longestZeros(words)
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  const end = isDotted ? [dotted(groups)] : []
  const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(':')
  if (length < 2) return join(text(words), ...end)
  return `${text(words.slice(0, start))}::${join(text(words.slice(start + length)), ...end)}`
}

function hasIpv4(groups: readonly number[]): boolean {
  const [a, b, c, d, e, f] = groups
  const isMapped = [a, b, c, d, e].every((group) => group === 0) && f === MAPPED
  return isMapped || (f === ISATAP && ((e ?? 0) & ~ISATAP_UNIVERSAL) === 0)
}

function dotted(groups: readonly number[]): string {
  return groups
    .slice(GROUPS - 2)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.')
}

/** The first of the longest runs. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [at, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: at - length + 1, length }
  }
  return best
}
