// A record as syslog messages. What is too long for one becomes several, numbered, that together have every byte of it; which message
// belongs to which record, and which is a repeat, can be told from what each of them carries.

import { readRecord, type AuditRecord } from '../../src/sdk/index.js'
import { compatFormat, type CompatWorld } from './compat.js'
import type { SyslogConfig } from './config.js'
import { priorityOf, severityByRule } from './priority.js'
import { withSeparator } from './separator.js'
import { isoTime, oldTime } from './timestamp.js'

/** RFC 5424's limits of HOSTNAME and MSGID. */
const MAX_HOSTNAME = 255
const MAX_MSGID = 32
/** What ` part="1234/1234"`, or the mark in a text, may need. */
const PART_ROOM = 80
/** However long a head is, a part brings the record on. */
const LEAST_PART_BYTES = 64

/** What is to be sent. */
export interface Entry {
  /** The record without LF; the words of a notice. */
  readonly line: Buffer
  /** The dispatcher's number of the record; 0 for a notice. */
  readonly seq: number
  readonly kind: 'record' | 'notice'
}

/** The messages of an entry, each of at most `maxBytes` as far as that can be done; none for what is not sent at all. */
export type Format = (entry: Entry, maxBytes: number) => readonly Buffer[]

/** Which way the messages go: each has a form of its own. logger(1) is told priority and text, and makes the head itself. */
export type Way = 'local' | 'network' | 'logger'

export interface FormatWorld extends CompatWorld {
  /** This machine's name, or the node's. */
  hostName(): string
  readonly pid: number
}

export function formatOf(config: SyslogConfig, way: Way, world: FormatWorld): Format {
  if (config.compat === 'audisp-syslog') return compatFormat(config, way === 'logger', world)
  const isNew = config.format === 'rfc5424' || (config.format === 'auto' && way === 'network')
  const head = way === 'logger' ? loggerHead : isNew ? newHead : oldHead
  return ({ line, seq, kind }, maxBytes) => {
    const record = kind === 'record' ? readRecord(line) : undefined
    if (record?.typeName === 'EOE' && !config.sendEoe) return []
    const about: About = { config, world, way, record, seq, priority: priorityFor(config, record) }
    const body = withSeparator(line, config.separator)
    const room = maxBytes - head(about, undefined).length - body.length
    if (room >= 0) return [Buffer.concat([head(about, undefined), body])]
    const partBytes = Math.max(LEAST_PART_BYTES, maxBytes - head(about, undefined).length - PART_ROOM)
    const count = Math.ceil(body.length / partBytes)
    return Array.from({ length: count }, (_, index) => {
      const piece = body.subarray(index * partBytes, (index + 1) * partBytes)
      return Buffer.concat([head(about, { number: index + 1, count }), piece])
    })
  }
}

interface About {
  readonly config: SyslogConfig
  readonly world: FormatWorld
  readonly way: Way
  /** Undefined: it is no audit record, and is sent all the same. */
  readonly record: AuditRecord | undefined
  readonly seq: number
  readonly priority: number
}

type Part = { readonly number: number; readonly count: number } | undefined

function priorityFor(config: SyslogConfig, record: AuditRecord | undefined): number {
  const byType = record && severityByRule(config.severityByType, record.typeName)
  return priorityOf(config.facility, byType ?? config.severity)
}

/** RFC 5424, section 6. */
function newHead({ config, world, record, seq, priority }: About, part: Part): Buffer {
  const host = printable(hostOf(config, world, record), MAX_HOSTNAME)
  const timestamp = isoTime(record === undefined ? world.nowMs() : record.timeMs)
  const id = record === undefined ? '-' : printable(record.typeName, MAX_MSGID)
  const parameters = [
    ...(record === undefined
      ? []
      : [
          ...(record.node === '' ? [] : [parameter('node', record.node)]),
          parameter('type', record.typeName),
          parameter('time', timeText(record)),
          parameter('serial', String(record.serial)),
        ]),
    parameter('seq', String(seq)),
    ...(part === undefined ? [] : [parameter('part', `${part.number}/${part.count}`)]),
  ]
  const element = `[${config.sdId} ${parameters.join(' ')}]`
  return Buffer.from(`<${priority}>1 ${timestamp} ${host} ${config.appName} ${world.pid} ${id} ${element} `)
}

/** RFC 3164; a socket of this machine is told no host. */
function oldHead(about: About, part: Part): Buffer {
  const { config, world, way, record, priority } = about
  const timestamp = oldTime(record === undefined ? world.nowMs() : record.timeMs)
  const host = way === 'local' ? '' : `${printable(hostOf(config, world, record), MAX_HOSTNAME)} `
  return Buffer.from(`<${priority}>${timestamp} ${host}${config.appName}[${world.pid}]: ${mark(about, part)}`)
}

function loggerHead(about: About, part: Part): Buffer {
  const text = mark(about, part)
  return Buffer.from(`<${about.priority}>${text}`)
}

/** Before the text of a part, where there is no structured data to say which it is. */
function mark({ record, seq }: About, part: Part): string {
  if (part === undefined) return ''
  const event = record === undefined ? '' : `audit(${timeText(record)}:${record.serial}) `
  return `[part ${part.number}/${part.count} ${event}#${seq}] `
}

/** As the record writes it. */
function timeText({ seconds, millis }: AuditRecord): string {
  return `${seconds}.${String(millis).padStart(3, '0')}`
}

function hostOf(config: SyslogConfig, world: FormatWorld, record: AuditRecord | undefined): string {
  if (record !== undefined && record.node !== '') return record.node
  return config.hostName === '' ? world.hostName() : config.hostName
}

/** Only ASCII that can be seen stands in a head; the whole of it stands in the record. */
function printable(text: string, most: number): string {
  const safe = text.replaceAll(/[^!-~]/g, '?').slice(0, most)
  return safe === '' ? '-' : safe
}

function parameter(name: string, value: string): string {
  const escaped = value.replaceAll(/["\\\]]/g, '\\$&').replaceAll(/\p{Cc}/gu, '?')
  return `${name}="${escaped}"`
}
