// The text that the kernel's LOG target writes for a packet, and ulogd2's LOGEMU and SYSLOG after its model:
// `PREFIXIN=eth0 OUT= MAC=… SRC=… DST=… LEN=… TOS=… PREC=… TTL=… ID=… PROTO=TCP SPT=… DPT=… SYN URGP=0 MARK=0x1 `.

import { addressText } from './ip-address.js'
import {
  decimal,
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
const MAX_FLOW_LABEL = 0xf_ffff

// The bounds keep the search from going back and forth over a long line.
const START = new RegExp(
  `^(.{0,${MAX_PREFIX_CHARACTERS}}?)IN=(\\S{0,${MAX_INTERFACE_CHARACTERS}}) OUT=(\\S{0,${MAX_INTERFACE_CHARACTERS}})(?: |$)`,
  's',
)
const PROTOCOLS: Readonly<Record<string, string>> = {
  ICMP: '1',
  TCP: '6',
  UDP: '17',
  ESP: '50',
  AH: '51',
  ICMPv6: '58',
  SCTP: '132',
  UDPLITE: '136',
}
const TCP = '6'
const FLAGS: ReadonlySet<string> = new Set(['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'])

/** `KEY=value` words that mean the same wherever they stand. */
const NUMBERS: Readonly<Record<string, readonly [field: PacketField, most: number]>> = {
  LEN: ['len', MAX_UINT32],
  TTL: ['ttl', MAX_BYTE],
  HOPLIMIT: ['ttl', MAX_BYTE],
  FLOWLBL: ['flowlabel', MAX_FLOW_LABEL],
  SPT: ['sport', MAX_UINT16],
  DPT: ['dport', MAX_UINT16],
  TYPE: ['icmptype', MAX_BYTE],
  CODE: ['icmpcode', MAX_BYTE],
  ACK: ['ack', MAX_UINT32],
  WINDOW: ['window', MAX_UINT16],
  UID: ['uid', MAX_UINT32],
  GID: ['gid', MAX_UINT32],
}

type Fields = Map<PacketField, string>

/** `text` is in latin1, one character a byte. */
export function readLogText(text: string): Reading {
  const start = START.exec(text)
  if (start === null) return OTHER
  const [whole, prefix = '', inName = '', outName = ''] = start
  const fields: Fields = new Map()
  setText(fields, 'prefix', prefix.trim())
  setText(fields, 'in', inName)
  setText(fields, 'out', outName)
  for (const word of wordsOutsideBrackets(text.slice(whole.length))) {
    const equals = word.indexOf('=')
    const isWell = equals < 0 ? takeWord(fields, word) : takePair(fields, word.slice(0, equals), word.slice(equals + 1))
    if (!isWell) return odd(`${word.slice(0, equals)} is not what it should be`)
  }
  return packetOf(fields)
}

function setText(fields: Fields, field: PacketField, text: string): void {
  if (text !== '') fields.set(field, text)
}

/** Between brackets stands the packet that an ICMP error is about, and how many bytes a cut one has left. */
function wordsOutsideBrackets(text: string): string[] {
  const found: string[] = []
  let depth = 0
  for (const word of text.split(' ')) {
    if (word.startsWith('[')) depth++
    if (depth === 0 && word !== '') found.push(word)
    if (word.endsWith(']') && depth > 0) depth--
  }
  return found
}

/** Words that are not known are passed over: there are more with each version of the kernel. */
function takeWord(fields: Fields, word: string): boolean {
  if (word === 'INCOMPLETE') fields.set('truncated', '1')
  else if (/^FRAG:0*[1-9]/.test(word)) fields.set('frag', '1')
  else if (FLAGS.has(word) && fields.get('proto') === TCP)
    fields.set('tcpflags', [...(fields.get('tcpflags')?.split(',') ?? []), word].join(','))
  return true
}

/** False: the value is not what that key can have. */
function takePair(fields: Fields, key: string, value: string): boolean {
  const number = Object.hasOwn(NUMBERS, key) ? NUMBERS[key] : undefined
  if (number !== undefined) return setFirst(fields, number[0], decimal(value, number[1]))
  switch (key) {
    case 'SRC':
      return setFirst(fields, 'saddr', addressText(value))
    case 'DST':
      return setFirst(fields, 'daddr', addressText(value))
    case 'PROTO':
      return setFirst(fields, 'proto', Object.hasOwn(PROTOCOLS, value) ? PROTOCOLS[value] : decimal(value, MAX_BYTE))
    case 'ID':
      // An ICMP echo has one of its own.
      return setFirst(fields, fields.has('proto') ? 'icmpid' : 'ipid', decimal(value, MAX_UINT16))
    case 'SEQ':
      return setFirst(fields, fields.get('proto') === TCP ? 'seq' : 'icmpseq', decimal(value, MAX_UINT32))
    case 'TOS':
    case 'PREC':
      return addBits(fields, hex(value, MAX_BYTE))
    case 'TC':
      return addBits(fields, Number(decimal(value, MAX_BYTE) ?? NaN))
    case 'MARK':
      return setFirst(fields, 'mark', bare(hex(value, MAX_UINT32)))
    case 'SPI':
      return setFirst(fields, 'spi', bare(hex(value, MAX_UINT32)))
    case 'PHYSIN':
      return setFirst(fields, 'physin', value === '' ? undefined : value)
    case 'PHYSOUT':
      return setFirst(fields, 'physout', value === '' ? undefined : value)
    case 'MAC':
      return value === '' || takeMac(fields, value)
    case 'MACSRC':
      return setFirst(fields, 'smac', mac(value))
    case 'MACDST':
      return setFirst(fields, 'dmac', mac(value))
    case 'MACPROTO':
      return setFirst(fields, 'macproto', /^[0-9a-f]{4}$/i.test(value) ? `0x${value.toLowerCase()}` : undefined)
    default:
      return true
  }
}

/** The first counts: UDP has a length of its own behind that of the packet. */
function setFirst(fields: Fields, field: PacketField, value: string | undefined): boolean {
  if (value === undefined) return false
  if (!fields.has(field)) fields.set(field, value)
  return true
}

/** The kernel writes the precedence and the rest of the type of service apart. */
function addBits(fields: Fields, bits: number): boolean {
  if (Number.isNaN(bits)) return false
  fields.set('tos', hexText(Number(fields.get('tos') ?? 0) | bits))
  return true
}

/** With or without 0x; NaN if it is none. */
function hex(text: string, most: number): number {
  const [, digits] = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text) ?? []
  const value = digits === undefined ? NaN : Number.parseInt(digits, 16)
  return value <= most ? value : NaN
}

function bare(value: number): string | undefined {
  return Number.isNaN(value) ? undefined : hexText(value)
}

function mac(text: string): string | undefined {
  return /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? text.toLowerCase() : undefined
}
