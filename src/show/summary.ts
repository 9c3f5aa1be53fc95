// What an event says, gathered from its records: who did what with which program to which files, and how that ended.

import { isAbsolute, join } from 'node:path/posix'
import { UNKNOWN_TYPE } from '../protocol/frame.js'
import { recordTypeName } from '../protocol/record-type.js'
import { errnoName, syscallName, type AuditEvent, type AuditRecord } from '../sdk/index.js'
import { addressIn } from './address.js'

/** What the kernel adds to the record of a system call: they say more about it, and are not what happened. */
const BESIDE = new Set([
  'BPRM_FCAPS',
  'CAPSET',
  'CWD',
  'EXECVE',
  'FD_PAIR',
  'IPC',
  'IPC_SET_PERM',
  'MMAP',
  'MQ_GETSETATTR',
  'MQ_NOTIFY',
  'MQ_OPEN',
  'MQ_SENDRECV',
  'OBJ_PID',
  'OPENAT2',
  'PATH',
  'PROCTITLE',
  'SOCKADDR',
  'SOCKETCALL',
  'SYSCALL',
])
const UNSET_ID = '4294967295'
/** What stands where there is nothing to say. */
const NOTHING = new Set(['?', '(none)', '(null)', ''])
/** What a result is called, by whoever writes it. */
const SUCCESS = new Set(['yes', 'success', '1'])
const FAILURE = new Set(['no', 'failed', '0'])
/** The blanks stay in the braces: cut off here, many of them would take hours. */
const AVC = /\bavc: +(denied|granted) +\{([^{}]*)\}/
/** Arguments of a program that are shown; the kernel takes more than anybody reads. */
const MOST_ARGUMENTS = 1000

export interface Summary {
  /** The type of the record that says what happened. */
  readonly type: string
  /** That record. */
  readonly lead: AuditRecord
  readonly syscall: string | undefined
  /** `denied {read}`, of SELinux. */
  readonly access: string | undefined
  readonly result: 'success' | 'failed' | undefined
  /** The name of the error, such as ENOENT. */
  readonly error: string | undefined
  readonly auid: string | undefined
  readonly uid: string | undefined
  readonly pid: string | undefined
  readonly exe: string | undefined
  readonly comm: string | undefined
  /** Whom a program of authentication speaks about. */
  readonly acct: string | undefined
  readonly cwd: string | undefined
  readonly command: readonly string[] | undefined
  readonly title: readonly string[] | undefined
  readonly paths: readonly string[]
  /** The other end of a connection. */
  readonly address: string | undefined
  readonly keys: readonly string[]
}

export function summaryOf({ records }: Pick<AuditEvent, 'records'>): Summary | undefined {
  const of = (type: string): AuditRecord | undefined => records.find((record) => typeOf(record) === type)
  const call = of('SYSCALL')
  const lead = records.find((record) => !BESIDE.has(typeOf(record))) ?? call ?? records[0]
  if (lead === undefined) return undefined
  // The kernel's word goes before what a program says about itself.
  const first = (key: string): string | undefined => said(call?.text(key)) ?? said(lead.text(key))
  const cwd = of('CWD')?.text('cwd')
  const type = typeOf(lead)
  const [, verdict, access] = (type.endsWith('AVC') && AVC.exec(lead.body)) || []
  return {
    type,
    lead,
    syscall: call && nameOfCall(call),
    access: verdict === undefined ? undefined : `${verdict} {${access?.trim() ?? ''}}`,
    result: resultOf(call, lead),
    error: call && errnoName(call.get('exit') ?? ''),
    auid: accountOf('auid', call, lead),
    uid: accountOf('uid', call, lead),
    pid: first('pid'),
    exe: first('exe'),
    comm: first('comm'),
    acct: accountNamed(lead),
    cwd,
    command: commandOf(of('EXECVE')) ?? (lead.field('cmd') && [lead.text('cmd') ?? '']),
    title: of('PROCTITLE')?.titleArguments(),
    paths: pathsOf(records, cwd),
    address: addressOf(of('SOCKADDR')) ?? said(lead.get('addr')) ?? said(lead.get('hostname')),
    keys: [...new Set(records.flatMap((record) => record.ruleKeys()))],
  }
}

/** Also of a type for which an auditd had no name. */
export function typeOf({ type, typeName }: AuditRecord): string {
  return type === UNKNOWN_TYPE ? typeName : recordTypeName(type)
}

/** Undefined for what says nothing. */
export function said(value: string | undefined): string | undefined {
  return value === undefined || NOTHING.has(value) ? undefined : value
}

/** A user's or group's name as auditd found it, or the number; only those that are the same everywhere have names here. */
export function accountIn(record: AuditRecord, key: string): string | undefined {
  const value = said(record.get(key))
  const name = record.enriched(key.toUpperCase())
  if (value === undefined || value === UNSET_ID || value === '-1') return undefined
  return said(name) ?? (value === '0' ? 'root' : value)
}

function accountOf(key: string, call: AuditRecord | undefined, lead: AuditRecord): string | undefined {
  return (call && accountIn(call, key)) ?? accountIn(lead, key)
}

/** By name, or by the number that shadow's programs give. */
function accountNamed(record: AuditRecord): string | undefined {
  return said(record.text('acct')) ?? accountIn(record, 'id')
}

function nameOfCall(call: AuditRecord): string {
  const number = call.get('syscall') ?? ''
  const name = said(call.enriched('SYSCALL'))
  // An auditd that is older than the kernel says so in these words.
  if (name !== undefined && !name.startsWith('unknown')) return name
  return syscallName(call.get('arch') ?? '', number) ?? `syscall-${number}`
}

function addressOf(record: AuditRecord | undefined): string | undefined {
  const saddr = record?.field('saddr')
  return saddr && addressIn(saddr.bytes)
}

function resultOf(call: AuditRecord | undefined, lead: AuditRecord): Summary['result'] {
  const word = call?.get('success') ?? lead.get('res') ?? lead.get('result') ?? ''
  if (SUCCESS.has(word)) return 'success'
  return FAILURE.has(word) ? 'failed' : undefined
}

/** The kernel parts long arguments, `a1[0]`, `a1[1]`, and long lists over several records; the first record is read. */
function commandOf(execve: AuditRecord | undefined): readonly string[] | undefined {
  if (execve === undefined) return undefined
  const parts: string[] = []
  for (const { key, text } of execve.fields()) {
    const [, index = '', part] = /^a(\d{1,7})(?:\[(\d+)\])?$/.exec(key) ?? []
    const at = Number(index)
    if (index === '' || at >= MOST_ARGUMENTS) continue
    parts[at] = part === undefined ? text : (parts[at] ?? '') + text
  }
  return Array.from(parts, (part: string | undefined) => part ?? '')
}

/** Where a file is made or removed, its directory has a record of its own, which says nothing more. */
function pathsOf(records: readonly AuditRecord[], cwd: string | undefined): readonly string[] {
  const paths = records
    .filter((record) => typeOf(record) === 'PATH' && record.get('nametype') !== 'PARENT')
    .map((record) => said(record.text('name')))
  return paths.flatMap((path) => {
    if (path === undefined) return []
    return [isAbsolute(path) || cwd === undefined || !isAbsolute(cwd) ? path : join(cwd, path)]
  })
}
