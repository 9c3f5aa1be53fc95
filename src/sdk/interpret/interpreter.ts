// What fields mean, in the words of libauparse 3.0.9: names for numbers, text for hex, flags for bits. What auditd added to
// the record comes first, as that was found on the host where the record was made; the names of this host come second.

import { namesIn } from '../name-table.js'
import { IPC_CALLS } from '../tables/auparse-ipc-calls.js'
import { SOCKET_CALLS } from '../tables/auparse-names.js'
import type { Accounts } from './accounts.js'
import type { AuparseField, AuparseFields } from './auparse-fields.js'
import { auparseKind } from './auparse-kinds.js'
import type { AuparseKind } from './auparse-kinds.js'
import { lowBits } from './c-number.js'
import { decoded, decodedTitle, wholePath } from './decoded.js'
import { exitStatus } from './errors.js'
import { fileMode, permissions } from './file-mode.js'
import { HostNames } from './host-names.js'
import { machineOf, syscallOf } from './machine.js'
import type { Machine } from './machine.js'
import * as as from './number-names.js'
import { conversionError, numbered } from './number-names.js'
import { RecordContext } from './record-context.js'
import * as simple from './simple-values.js'
import { socketAddress } from './socket-address.js'
import { SyscallArguments } from './syscall-arguments.js'
import { terminalData } from './terminal-data.js'

/** auditd did not know it then; these tables may. */
const UNKNOWN_THEN = 'unknown-'
const KEY_SEPARATOR = '\x01'
/* oxlint-disable no-control-regex -- they are what is looked for */
const CONTROL = /[\0-\x1f]/
const CONTROLS = /[\0-\x1f]/g
/* oxlint-enable no-control-regex */
/** `key` is the only field without a value: auparseFields has an empty one for it. */
const NO_VALUE = ' '
const MAX_INT = 0x7fffffffn
/** The machine that a record without one is taken to be from: the one that libauparse would run on. */
const THIS_MACHINE: Machine = 'x86_64'

/** Interprets the fields of records. Those of one record are best asked for one after the other. */
export class Interpreter {
  readonly #host: HostNames
  readonly #arguments: SyscallArguments
  /** The record that was asked about last: its fields share what is found out about it. */
  #last: { readonly fields: AuparseFields; readonly context: RecordContext } | undefined

  constructor(accounts: Accounts) {
    this.#host = new HostNames(accounts)
    this.#arguments = new SyscallArguments(this.#host)
  }

  /**
   * What auparse_interpret_field gives for a field, latin1 text, control characters as `\ooo`. Empty where there is no such
   * field, and where the library has nothing.
   */
  interpret(fields: AuparseFields, index: number): string {
    return this.#interpret(fields, index, undefined)
  }

  /**
   * What auparse_interpret_realpath gives for a `name`: its path as a whole. `cwd` is the value of the event's CWD record as
   * it is written; without one, and for other fields, it is the same as `interpret`.
   */
  realPath(fields: AuparseFields, index: number, cwd: string | undefined): string {
    return this.#interpret(fields, index, cwd)
  }

  /**
   * One part of a socket address: its family, or the address or port where it has one. Undefined for other fields. What
   * auparse_interpret_sock_family, auparse_interpret_sock_address and auparse_interpret_sock_port give.
   */
  socketPart(fields: AuparseFields, index: number, part: 'fam' | 'laddr' | 'lport'): string | undefined {
    if (this.kind(fields, index) !== 'sockaddr') return undefined
    const text = this.interpret(fields, index)
    const at = text.indexOf(`${part}=`)
    const start = at + part.length + 1
    const end = text.indexOf(' ', start)
    return at === -1 || end === -1 ? undefined : text.slice(start, end)
  }

  /** How a field is interpreted. */
  kind(fields: AuparseFields, index: number): AuparseKind {
    const field = fields[index]
    return field === undefined ? 'unclassified' : auparseKind(this.#context(fields).type, field.name, field.value)
  }

  #interpret(fields: AuparseFields, index: number, cwd: string | undefined): string {
    const field = fields[index]
    if (field === undefined) return ''
    const context = this.#context(fields)
    const kind = auparseKind(context.type, field.name, field.value)
    const added = context.enriched(field.name)
    if (added !== undefined && !added.startsWith(UNKNOWN_THEN)) {
      return kind === 'uid' || kind === 'gid' ? decoded(added) : added
    }
    return harmless(this.#reading(kind, field, context, cwd), kind)
  }

  #context(fields: AuparseFields): RecordContext {
    if (this.#last?.fields !== fields) this.#last = { fields, context: new RecordContext(fields) }
    return this.#last.context
  }

  #reading(kind: AuparseKind, { name, value }: AuparseField, context: RecordContext, cwd: string | undefined): string {
    switch (kind) {
      case 'unclassified':
      case 'mac-label':
      case 'addr':
        return value
      case 'escaped':
        return decoded(value)
      case 'escaped-file':
        return wholePath(value, cwd)
      case 'escaped-key':
        return name === 'key' && value === '' ? NO_VALUE : decoded(value)
      case 'proctitle':
        return decodedTitle(value)
      case 'tty-data':
        return terminalData(value)
      case 'syscall':
        return syscall(context)
      case 'arch':
        return arch(value, context)
      case 'a0':
      case 'a1':
      case 'a2':
      case 'a3':
        return this.#arguments.interpret(kind, value, context)
      case 'uid':
        return this.#host.user(value)
      case 'gid':
        return this.#host.group(value)
      case 'protocol':
        return this.#host.protocol(value)
      default:
        return READINGS[kind](value)
    }
  }
}

const READINGS = {
  exit: exitStatus,
  perm: simple.watched,
  mode: numbered(8, (number) => fileMode(number)),
  'mode-short': numbered(8, (number) => permissions(number)),
  sockaddr: socketAddress,
  flags: as.pathFlags,
  promisc: simple.promiscuous,
  capability: as.capability,
  'cap-bitmap': simple.capabilities,
  success: simple.success,
  signal: as.signal,
  list: as.ruleList,
  session: simple.session,
  nfproto: as.netfilterFamily,
  icmptype: as.icmpType,
  personality: as.personality,
  seccomp: as.seccomp,
  oflag: as.openFlags,
  mmap: as.mmapFlags,
  hook: as.hook,
  netaction: as.netAction,
  macproto: simple.ethertype,
  'ioctl-req': as.ioctlRequest,
  fanotify: simple.fanotifyAnswer,
  nlmcgrp: simple.netlinkGroup,
  resolve: as.resolveFlags,
} as const

function syscall(context: RecordContext): string {
  const { machine = THIS_MACHINE, syscall: number, a0 } = context
  const name = syscallOf(machine, number)
  if (name === undefined) return `unknown-syscall(${number})`
  const calls = name === 'socketcall' ? SOCKET_CALLS : name === 'ipc' ? IPC_CALLS : undefined
  const call = calls === undefined || a0 > MAX_INT ? undefined : namesIn(calls).get(Number(a0))
  return call === undefined ? name : `${name}(${call})`
}

function arch(value: string, { machine }: RecordContext): string {
  if (machine !== undefined && machine !== 'ppc64le') return machine
  const number = lowBits(value, 16)
  if (number === undefined) return `${conversionError(value)} `
  return machineOf(number) ?? `unknown-elf-type(${value})`
}

/** Control characters as `\ooo`; what stands between the keys of a rule is none. */
function harmless(text: string, kind: AuparseKind): string {
  if (!CONTROL.test(text)) return text
  return text.replace(CONTROLS, (char) =>
    kind === 'escaped-key' && char === KEY_SEPARATOR ? char : `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
}
