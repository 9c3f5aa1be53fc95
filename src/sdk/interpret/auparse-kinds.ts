// Which fields are interpreted in which way. libauparse goes by the field's name, whatever the type of the record, but for a
// few names that mean something else in some records.

import { recordTypeNumber } from '../../protocol/record-type.js'

/** In the order of libauparse's numbers for them. */
export const AUPARSE_KINDS = [
  ...(['unclassified', 'uid', 'gid', 'syscall', 'arch', 'exit', 'escaped', 'perm', 'mode', 'sockaddr'] as const),
  ...(['flags', 'promisc', 'capability', 'success', 'a0', 'a1', 'a2', 'a3', 'signal', 'list', 'tty-data'] as const),
  ...(['session', 'cap-bitmap', 'nfproto', 'icmptype', 'protocol', 'addr', 'personality', 'seccomp'] as const),
  ...(['oflag', 'mmap', 'mode-short', 'mac-label', 'proctitle', 'hook', 'netaction', 'macproto'] as const),
  ...(['ioctl-req', 'escaped-key', 'escaped-file', 'fanotify', 'nlmcgrp', 'resolve'] as const),
] as const

/** How a field is interpreted. */
export type AuparseKind = (typeof AUPARSE_KINDS)[number]

const NAMES: Readonly<Partial<Record<AuparseKind, string>>> = {
  uid: 'auid uid euid suid fsuid ouid oauid old-auid iuid id inode_uid sauid obj_uid',
  gid: 'obj_gid gid egid sgid fsgid ogid igid inode_gid new_gid',
  syscall: 'syscall',
  arch: 'arch',
  exit: 'exit',
  escaped:
    'path comm exe file watch cwd cmd dir vm old-chardev new-chardev old-disk new-disk old-fs new-fs old-net ' +
    'new-net device cgroup apparmor operation denied_mask info profile requested_mask old-rng new-rng ocomm grp ' +
    'new_group invalid_context sw root_dir',
  'escaped-key': 'key',
  'escaped-file': 'name',
  perm: 'perm perm_mask',
  mode: 'mode',
  sockaddr: 'saddr',
  promisc: 'prom old_prom',
  capability: 'capability',
  success: 'res result',
  a0: 'a0',
  a1: 'a1',
  a2: 'a2',
  a3: 'a3',
  signal: 'sig sigev_signo',
  list: 'list',
  'tty-data': 'data',
  session: 'ses',
  'cap-bitmap':
    'cap_pi cap_pe cap_pp cap_pa cap_fi cap_fp fp fi old_pp old_pi old_pe old_pa new_pp new_pi new_pe pp pi pe pa',
  nfproto: 'family',
  icmptype: 'icmptype',
  protocol: 'proto',
  addr: 'addr',
  personality: 'per',
  seccomp: 'code',
  oflag: 'oflag',
  mmap: 'flags',
  'mac-label': 'subj obj scontext tcontext vm-ctx img-ctx',
  proctitle: 'proctitle',
  hook: 'hook',
  netaction: 'action',
  macproto: 'macproto',
  'ioctl-req': 'ioctlcmd',
  fanotify: 'resp',
  nlmcgrp: 'nl-mcgrp',
  resolve: 'resolve',
}
const KINDS = new Map(
  AUPARSE_KINDS.flatMap((kind) => (NAMES[kind]?.split(' ') ?? []).map((name) => [name, kind] as const)),
)
const HEX = /^[0-9A-Fa-f]*$/
const DIGITS = /^\d*$/
const EXECVE = recordTypeNumber('EXECVE')
const TRUSTED_APP = recordTypeNumber('TRUSTED_APP')

/** What a name means in some records only: the type's number and the name. */
const EXCEPTIONS: ReadonlyMap<string, AuparseKind> = new Map<string, AuparseKind>([
  [exception('AVC', 'saddr'), 'unclassified'],
  [exception('USER_TTY', 'msg'), 'escaped'],
  [exception('NETFILTER_PKT', 'saddr'), 'addr'],
  [exception('PATH', 'flags'), 'flags'],
  [exception('MQ_OPEN', 'mode'), 'mode-short'],
  [exception('CRYPTO_KEY_USER', 'fp'), 'unclassified'],
  [exception('ADD_GROUP', 'id'), 'gid'],
  [exception('GRP_MGMT', 'id'), 'gid'],
  [exception('DEL_GROUP', 'id'), 'gid'],
  [exception('KERN_MODULE', 'name'), 'escaped'],
])
const EXCEPTIONAL = new Set([...EXCEPTIONS.keys()].map((key) => key.split(' ')[1]))

/** How libauparse interprets a field of a record whose type has this number. */
export function auparseKind(type: number, name: string, value: string): AuparseKind {
  if (type === EXECVE && name.startsWith('a') && name !== 'argc' && !name.includes('_len')) return 'escaped'
  if (name === 'acct') return value.startsWith('"') || HEX.test(value) ? 'escaped' : 'unclassified'
  if (EXCEPTIONAL.has(name)) {
    const kind = EXCEPTIONS.get(`${type} ${name}`)
    if (kind !== undefined) return kind
  }
  if (type === TRUSTED_APP) return ofTrustedApp(value)
  return KINDS.get(name) ?? 'unclassified'
}

function exception(typeName: string, name: string): string {
  return `${recordTypeNumber(typeName)} ${name}`
}

function ofTrustedApp(value: string): AuparseKind {
  if (value.startsWith('"')) return 'escaped'
  return HEX.test(value) && !DIGITS.test(value) ? 'escaped' : 'unclassified'
}
