// A line of ulogd2's JSON output: one object, its keys the names of ulogd2's own values.

import { addressText } from './ip-address.js'
import {
  hexText,
  MAX_INTERFACE_CHARACTERS,
  MAX_PREFIX_CHARACTERS,
  odd,
  OTHER,
  packetOf,
  takeMac,
  type PacketField,
  type Reading,
} from './packet.js'

const MAX_UINT16 = 0xffff
const MAX_UINT32 = 0xffff_ffff
const MAX_BYTE = 0xff
const IPV6_HEADER_BYTES = 40
const FRAGMENT_OFFSET = 0x1fff

/** Of several keys for one field the first that is there counts. */
const NUMBERS: readonly (readonly [key: string, field: PacketField, most: number])[] = [
  ['ip.protocol', 'proto', MAX_BYTE],
  ['ip6.nexthdr', 'proto', MAX_BYTE],
  ['src_port', 'sport', MAX_UINT16],
  ['dest_port', 'dport', MAX_UINT16],
  ['icmp.type', 'icmptype', MAX_BYTE],
  ['icmpv6.type', 'icmptype', MAX_BYTE],
  ['icmp.code', 'icmpcode', MAX_BYTE],
  ['icmpv6.code', 'icmpcode', MAX_BYTE],
  ['icmp.echoid', 'icmpid', MAX_UINT16],
  ['icmpv6.echoid', 'icmpid', MAX_UINT16],
  ['icmp.echoseq', 'icmpseq', MAX_UINT16],
  ['icmpv6.echoseq', 'icmpseq', MAX_UINT16],
  ['oob.hook', 'hook', MAX_BYTE],
  ['ip.totlen', 'len', MAX_UINT32],
  ['ip.id', 'ipid', MAX_UINT16],
  ['ip.ttl', 'ttl', MAX_BYTE],
  ['ip6.hoplimit', 'ttl', MAX_BYTE],
  ['ip6.flowlabel', 'flowlabel', MAX_UINT32],
  ['tcp.seq', 'seq', MAX_UINT32],
  ['tcp.ackseq', 'ack', MAX_UINT32],
  ['tcp.window', 'window', MAX_UINT16],
  ['oob.uid', 'uid', MAX_UINT32],
  ['oob.gid', 'gid', MAX_UINT32],
]
const HEX_NUMBERS: readonly (readonly [key: string, field: PacketField, most: number])[] = [
  ['oob.mark', 'mark', MAX_UINT32],
  ['ip.tos', 'tos', MAX_BYTE],
  ['ip6.priority', 'tos', MAX_BYTE],
  ['ahesp.spi', 'spi', MAX_UINT32],
]
const TEXTS: readonly (readonly [key: string, field: PacketField, maxCharacters: number])[] = [
  ['oob.prefix', 'prefix', MAX_PREFIX_CHARACTERS],
  ['oob.in', 'in', MAX_INTERFACE_CHARACTERS],
  ['oob.out', 'out', MAX_INTERFACE_CHARACTERS],
]
/** In the order in which the kernel writes them. */
const FLAGS = ['urg', 'ack', 'psh', 'rst', 'syn', 'fin'] as const

class BadValue extends Error {}

/** `line` without its end. */
export function readJsonLine(line: Buffer): Reading {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString('utf8'))
  } catch {
    // SyntaxError: torn, or something else writes to the file.
    return odd('this is no JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return odd('this is no object')
  const values = new Map<string, unknown>(Object.entries(parsed))
  // ulogd2 also writes connections and counters.
  if (!values.has('src_ip') && !values.has('oob.family')) return OTHER
  try {
    return packetOf(fieldsOf(values), timeOf(values))
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    return odd(error.message)
  }
}

function fieldsOf(values: ReadonlyMap<string, unknown>): Map<PacketField, string> {
  const fields = new Map<PacketField, string>()
  const put = (field: PacketField, value: string | undefined): void => {
    if (value !== undefined && !fields.has(field)) fields.set(field, value)
  }
  for (const [key, field] of [
    ['src_ip', 'saddr'],
    ['dest_ip', 'daddr'],
  ] as const) {
    const address = addressText(textOf(values, key, 64) ?? '')
    if (address === undefined && values.has(key)) throw new BadValue(`${key} is no address`)
    put(field, address)
  }
  for (const [key, field, most] of NUMBERS) put(field, numberOf(values, key, most)?.toString())
  for (const [key, field, most] of HEX_NUMBERS) {
    const value = numberOf(values, key, most)
    put(field, value === undefined ? undefined : hexText(value))
  }
  for (const [key, field, maxCharacters] of TEXTS) put(field, textOf(values, key, maxCharacters)?.trim() || undefined)
  const payload = numberOf(values, 'ip6.payloadlen', MAX_UINT16)
  if (payload !== undefined) put('len', String(payload + IPV6_HEADER_BYTES))
  if (((numberOf(values, 'ip.fragoff', MAX_UINT16) ?? 0) & FRAGMENT_OFFSET) > 0) put('frag', '1')
  put(
    'tcpflags',
    FLAGS.filter((flag) => values.get(`tcp.${flag}`) === 1)
      .join(',')
      .toUpperCase() || undefined,
  )
  const frame = textOf(values, 'mac.str', 256) ?? ''
  if (frame !== '' && !takeMac(fields, frame)) throw new BadValue('mac.str is no header of a frame')
  return fields
}

/** The time of the packet where ulogd2 has it; else when ulogd2 took it. */
function timeOf(values: ReadonlyMap<string, unknown>): number | undefined {
  const seconds = numberOf(values, 'oob.time.sec', MAX_UINT32)
  if (seconds !== undefined)
    return seconds * 1000 + Math.floor((numberOf(values, 'oob.time.usec', 999_999) ?? 0) / 1000)
  // A zone is written as +0100, where JavaScript knows only +01:00.
  const timeMs = Date.parse((textOf(values, 'timestamp', 64) ?? '').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(timeMs) ? undefined : timeMs
}

function numberOf(values: ReadonlyMap<string, unknown>, key: string, most: number): number | undefined {
  const value = values.get(key)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
    throw new BadValue(`${key} is not what it should be`)
  return value
}

/** In latin1, one character a byte of its UTF-8. */
function textOf(values: ReadonlyMap<string, unknown>, key: string, maxCharacters: number): string | undefined {
  const value = values.get(key)
  if (value === undefined || value === null) return undefined
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : undefined
  if (bytes === undefined || bytes.length > maxCharacters) throw new BadValue(`${key} is not what it should be`)
  return bytes
}
