// Numbers that have a name each, and numbers that are sets of flags. A number that C could not read is told as libauparse
// tells it; one without a name is told by its text.

import { namesIn } from '../name-table.js'
import * as flags from '../tables/auparse-flags.js'
import * as names from '../tables/auparse-names.js'
import { lowBits, signedNumber } from './c-number.js'
import { flagNames } from './flag-names.js'
import { permissions } from './file-mode.js'

type Base = 8 | 10 | 16
/** A value's text to its interpretation. */
export type Reading = (value: string) => string

const PERSONALITY_MASK = 0xff
const ADDR_NO_RANDOMIZE = 0x40000
const SCHEDULER_MASK = 0xf
const SCHED_RESET_ON_FORK = 0x40000000
const SECCOMP_MASK = 0x7fff0000
const ACCESS_MODE = 3
const MAP_TYPE = 0xf
const ACCESS_MASK = 0xf
const LOW_BYTE = 0xff
const MAX_SIGNAL = 31
const AT_FDCWD = 0xffffff9c
/** In the order in which they are named. */
const ACCESS = '1 X_OK 2 W_OK 4 R_OK'
const PROTECTION = '1 PROT_READ 2 PROT_WRITE 4 PROT_EXEC'
const MAPPED_PROTECTION = `${PROTECTION} 8 PROT_SEM`
const PROTECTION_MASK = 7
const IPC_FLAGS = '200 IPC_CREAT 400 IPC_EXCL'
const SHM_FLAGS = '800 SHM_HUGETLB 1000 SHM_NORESERVE'
const PERMISSION_BITS = 0o777

/** What a number cannot be read as is said of it. */
export function conversionError(value: string): string {
  return `conversion error(${value})`
}

/** Reads a number and interprets it. */
export function numbered(base: Base, interpretation: (number: number, value: string) => string): Reading {
  return (value) => {
    const number = lowBits(value, base)
    return number === undefined ? conversionError(value) : interpretation(number, value)
  }
}

function name(table: string, base: Base, unknown: Reading, mask = 0xffffffff): Reading {
  return numbered(base, (number, value) => namesIn(table).get((number & mask) >>> 0) ?? unknown(value))
}

function flagSet(table: string, base: Base, separator = '|'): Reading {
  return numbered(base, (number, value) => flagNames(table, number).join(separator) || `0x${value}`)
}

export const family = name(names.FAMILIES, 16, (value) => `unknown-family(0x${value})`)
export const socketType = name(names.SOCKET_TYPES, 16, (value) => `unknown-type(${value})`, LOW_BYTE)
export const clock = name(names.CLOCKS, 16, (value) => `unknown-clk_id(0x${value})`)
export const rlimit = name(names.RLIMITS, 16, (value) => `unknown-rlimit(0x${value})`)
export const ptrace = name(names.PTRACE_REQUESTS, 16, (value) => `unknown-ptrace(0x${value})`)
export const prctl = name(names.PRCTL_OPTIONS, 16, (value) => `unknown-prctl-option(0x${value})`)
export const seek = name(names.SEEKS, 16, (value) => `unknown-whence(${value})`, LOW_BYTE)
export const bpf = name(names.BPF_COMMANDS, 16, (value) => `unknown-bpf-cmd(${value})`)
export const ipOption = name(names.IP_OPTIONS, 16, (value) => `unknown-ipopt-name(0x${value})`)
export const ipv6Option = name(names.IPV6_OPTIONS, 16, (value) => `unknown-ip6opt-name(0x${value})`)
export const tcpOption = name(names.TCP_OPTIONS, 16, (value) => `unknown-tcpopt-name(0x${value})`)
export const udpOption = name(names.UDP_OPTIONS, 16, (value) => `unknown-udpopt-name(0x${value})`)
export const packetOption = name(names.PACKET_OPTIONS, 16, (value) => `unknown-pktopt-name(0x${value})`)
export const netfilterFamily = name(names.NETFILTER_FAMILIES, 10, (value) => `unknown-netfilter-protocol(${value})`)
export const icmpType = name(names.ICMP_TYPES, 10, (value) => `unknown-icmp-type(${value})`)
export const hook = name(names.HOOKS, 16, (value) => `unknown-hook(${value})`)
export const netAction = name(names.NET_ACTIONS, 16, (value) => `unknown-action(${value})`)
export const ruleList = name(names.LISTS, 10, (value) => `unknown-list(${value})`)
export const capability = name(names.CAPABILITIES, 10, (value) => `unknown-capability(${value})`)
export const capabilityArgument = name(names.CAPABILITIES, 16, (value) => `unknown-capability(0x${value})`)
export const signal = name(names.SIGNALS, 10, (value) => `unknown-signal(${value})`)
export const signalArgument = name(names.SIGNALS, 16, (value) => `unknown-signal(0x${value})`)
export const seccomp = name(names.SECCOMP_ACTIONS, 16, (value) => `unknown-seccomp-code(${value})`, SECCOMP_MASK)

export const mountFlags = flagSet(flags.MOUNT_FLAGS, 16)
export const umountFlags = flagSet(flags.UMOUNT_FLAGS, 16)
export const messageFlags = flagSet(flags.MESSAGE_FLAGS, 16)
export const resolveFlags = flagSet(flags.RESOLVE_FLAGS, 16)
export const protection = protectionOf(PROTECTION)
export const mappedProtection = protectionOf(MAPPED_PROTECTION)

export const pathFlags = numbered(16, (number, value) =>
  number === 0 ? 'none' : flagNames(flags.PATH_FLAGS, number).join(',') || `0x${value}`,
)

export const fcntlCommand = numbered(
  16,
  (number) => namesIn(names.FCNTL_COMMANDS).get(number) ?? `unknown-fcntl-command(${number | 0})`,
)

export const epollOperation = numbered(
  16,
  (number) => namesIn(names.EPOLL_OPERATIONS).get(number) ?? `unknown-epoll_ctl-operation(${number | 0})`,
)

export const ioctlRequest = numbered(16, (number) => namesIn(names.IOCTLS).get(number) ?? `0x${number.toString(16)}`)

export const openFlags = numbered(16, (number) =>
  [...((number & ACCESS_MODE) === 0 ? ['O_RDONLY'] : []), ...flagNames(flags.OPEN_FLAGS, number)].join('|'),
)

export const mmapFlags = numbered(16, (number, value) => {
  const file = (number & MAP_TYPE) === 0 ? ['MAP_FILE'] : []
  return [...file, ...flagNames(flags.MMAP_FLAGS, number)].join('|') || `0x${value}`
})

/** The lowest byte of clone's flags is the signal that the child ends with. */
export const cloneFlags = numbered(16, (number) => {
  const end = number & LOW_BYTE
  const ending = end > 0 && end <= MAX_SIGNAL ? namesIn(names.SIGNALS).get(end) : undefined
  const set = [...flagNames(flags.CLONE_FLAGS, number), ...(ending === undefined ? [] : [ending])]
  return set.join('|') || `0x${number.toString(16)}`
})

export const accessMode = numbered(16, (number, value) =>
  (number & ACCESS_MASK) === 0 ? 'F_OK' : flagNames(ACCESS, number).join('|') || `0x${value}`,
)

export const personality = numbered(16, (number, value) => {
  const known = namesIn(names.PERSONALITIES).get(number & PERSONALITY_MASK)
  if (known === undefined) return `unknown-personality(0x${value})`
  return (number & ADDR_NO_RANDOMIZE) === 0 ? known : `${known}|~ADDR_NO_RANDOMIZE`
})

export const scheduler = numbered(16, (number, value) => {
  const known = namesIn(names.SCHEDULERS).get(number & SCHEDULER_MASK)
  if (known === undefined) return `unknown-scheduler-policy(0x${value})`
  return (number & SCHED_RESET_ON_FORK) === 0 ? known : `${known}|SCHED_RESET_ON_FORK`
})

export const directory = numbered(16, (number, value) => (number === AT_FDCWD ? 'AT_FDCWD' : `0x${value}`))

export const sharedMemoryFlags = numbered(16, (number) =>
  [...flagNames(IPC_FLAGS, number), ...flagNames(SHM_FLAGS, number), permissions(number & PERMISSION_BITS)].join('|'),
)

/** The only one that is read with a sign. */
export function socketCall(value: string): string {
  const number = signedNumber(value, 16)
  if (number === undefined) return conversionError(value)
  return namesIn(names.SOCKET_CALLS).get(Number(BigInt.asIntN(32, number))) ?? `unknown-socketcall(${value})`
}

function protectionOf(table: string): Reading {
  return numbered(16, (number) => ((number & PROTECTION_MASK) === 0 ? 'PROT_NONE' : flagNames(table, number).join('|')))
}
