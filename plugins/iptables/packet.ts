// What is known of one packet. Text that somebody chose (prefix, names of interfaces) is kept as bytes in latin1; every other value has
// been checked by whoever read it, and stands as it will in the record.

/** In the order in which they stand in a record: first what the kernel's AUDIT target writes today, then what it has written before. */
export const PACKET_FIELDS = [
  'mark',
  'saddr',
  'daddr',
  'proto',
  'sport',
  'dport',
  'icmptype',
  'icmpcode',
  'frag',
  'truncated',
  'hook',
  'len',
  'ipid',
  'smac',
  'dmac',
  'macproto',
  'prefix',
  'in',
  'out',
  'physin',
  'physout',
  'tos',
  'ttl',
  'flowlabel',
  'tcpflags',
  'seq',
  'ack',
  'window',
  'icmpid',
  'icmpseq',
  'spi',
  'uid',
  'gid',
] as const
/** Text that the firewall's admin or a maker of interfaces chose. */
export const CHOSEN_FIELDS: ReadonlySet<PacketField> = new Set(['prefix', 'in', 'out', 'physin', 'physout'])

/** The kernel has 128 for rules of nftables; more is no prefix. */
export const MAX_PREFIX_CHARACTERS = 128
/** The kernel has 15. */
export const MAX_INTERFACE_CHARACTERS = 15

const TCP = 6
const UDP = 17
const UDPLITE = 136
const SCTP = 132
const WITH_PORTS: ReadonlySet<string> = new Set([TCP, UDP, UDPLITE, SCTP].map(String))
/** `aa:bb:cc:dd:ee:ff`; and two of them with the protocol. */
const MAC_CHARACTERS = 17
const ETHERNET_HEADER_CHARACTERS = 41

export type PacketField = (typeof PACKET_FIELDS)[number]

/** Fields without a value are not in it. */
export interface Packet {
  /** Undefined: the line does not say. */
  readonly timeMs: number | undefined
  readonly fields: ReadonlyMap<PacketField, string>
}

export type Reading =
  | { readonly kind: 'packet'; readonly packet: Packet }
  /** Nothing of netfilter's. */
  | { readonly kind: 'other' }
  /** Looks like netfilter's and cannot be believed: torn, or from a hand that does not know the format. */
  | { readonly kind: 'odd'; readonly why: string }

export const OTHER: Reading = { kind: 'other' }

/** A packet of these fields, if they are enough to be one. */
export function packetOf(fields: Map<PacketField, string>, timeMs?: number): Reading {
  if (!fields.has('saddr') || !fields.has('daddr')) return odd('an address is missing')
  const proto = fields.get('proto')
  if (proto === undefined) return odd('the protocol is missing')
  const isCut = fields.has('frag') || fields.has('truncated')
  if (WITH_PORTS.has(proto) && !isCut && !(fields.has('sport') && fields.has('dport'))) return odd('a port is missing')
  // As the kernel has it: a packet without a mark has the mark 0.
  if (!fields.has('mark')) fields.set('mark', '0x0')
  return { kind: 'packet', packet: { timeMs, fields } }
}

export function odd(why: string): Reading {
  return { kind: 'odd', why }
}

/** A whole number up to `most`, without leading zeros. */
export function decimal(text: string, most: number): string | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Infinity
  return value <= most ? String(value) : undefined
}

/** 0x and hex digits, as the kernel's %#x writes it. */
export function hexText(value: number): string {
  return `0x${value.toString(16)}`
}

/** The header of a frame, `aa:bb:…`: destination, source and protocol. False if it is none; another one than Ethernet's is left out. */
export function takeMac(fields: Map<PacketField, string>, text: string): boolean {
  if (!/^(?:[0-9a-f]{2}:)*[0-9a-f]{2}$/i.test(text)) return false
  if (text.length < ETHERNET_HEADER_CHARACTERS) return true
  const header = text.toLowerCase()
  fields.set('dmac', header.slice(0, MAC_CHARACTERS))
  fields.set('smac', header.slice(MAC_CHARACTERS + 1, 2 * MAC_CHARACTERS + 1))
  const at = 2 * (MAC_CHARACTERS + 1)
  fields.set('macproto', `0x${header.slice(at, at + 2)}${header.slice(at + 3, at + 5)}`)
  return true
}
