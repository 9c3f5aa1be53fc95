// A packet as a record, in the layout of the kernel's AUDIT target.
//
// An event is named by node, time and serial, and the kernel numbers its own from 1 at each boot, in 32 bits. Ours have the upper half
// of these numbers, which the kernel comes to after two thousand million events. Within that half a serial is the position of the
// packet's line in its source, moved by a number that goes with the source, and begins anew at the upper end: the same line has the same
// serial however often it is read, no two lines of a millisecond have the same, and two sources are told apart.

import { CHOSEN_FIELDS, PACKET_FIELDS, type Packet } from './packet.js'

const UPPER_HALF = 0x8000_0000
const FNV_BASIS = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193

/** `position`: of the line in the source whose name is `source`; `nowMs` for a packet that has no time. */
export function packetRecord(packet: Packet, source: string, position: number, nowMs: number, heldBack = 0): string {
  const serial = serialOf(source, position)
  return `type=NETFILTER_PKT msg=audit(${timeText(packet.timeMs ?? nowMs)}:${serial}):${packetText(packet, heldBack)}`
}

/** The same packet as a message through auditctl, which puts `text=` before it; time and serial of that are the kernel's. */
export function packetMessage(packet: Packet, nowMs: number, heldBack = 0): string {
  return `netfilter-packet when=${timeText(packet.timeMs ?? nowMs)}${packetText(packet, heldBack)}`
}

export function serialOf(source: string, position: number): number {
  return UPPER_HALF + ((hashOf(source) + position) % UPPER_HALF)
}

/** Seconds and milliseconds, as in `msg=audit(…)`. */
export function timeText(timeMs: number): string {
  const whole = Math.max(0, Math.floor(timeMs))
  return `${Math.floor(whole / 1000)}.${String(whole % 1000).padStart(3, '0')}`
}

/** Once a packet, and so without lists in between. */
function packetText({ fields }: Packet, heldBack: number): string {
  let text = ''
  for (const field of PACKET_FIELDS) {
    const value = fields.get(field)
    if (value !== undefined) text += ` ${field}=${CHOSEN_FIELDS.has(field) ? untrusted(value) : value}`
  }
  return heldBack > 0 ? `${text} held=${heldBack}` : text
}

/** As audit writes what others may choose: in quotes, or in hex with a blank, a quote or anything else that could end a field in it. */
function untrusted(latin1: string): string {
  return /^[\x21\x23-\x26\x28-\x7e]+$/.test(latin1)
    ? `"${latin1}"`
    : Buffer.from(latin1, 'latin1').toString('hex').toUpperCase()
}

/** Of 31 bits, so that the sum with any position is a safe number. */
function hashOf(text: string): number {
  let hash = FNV_BASIS
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
  return hash >>> 1
}
