// What the first four arguments of a system call mean. libauparse interprets those of the calls below, and shows others in
// hex; calls for 32-bit numbers, such as setuid32, are others.

import { namesIn } from '../name-table.js'
import { SOCKET_OPTIONS } from '../tables/auparse-names.js'
import { lowBits } from './c-number.js'
import { fileMode, permissions } from './file-mode.js'
import type { HostNames } from './host-names.js'
import * as as from './number-names.js'
import { conversionError, numbered } from './number-names.js'
import type { Reading } from './number-names.js'
import type { RecordContext } from './record-context.js'

const O_CREAT = 0o100n
const F_SETFD = 2n
const F_SETOWN = 8n
const FD_CLOEXEC = 1
const PR_SET_PDEATHSIG = 1n
const PR_CAPBSET_READ = 23n
const PR_CAPBSET_DROP = 24n
/** Options of sockets that PowerPC has in another order stand 100 further on in the table. */
const FIRST_POWERPC_OPTION = 16
const LAST_POWERPC_OPTION = 21
const POWERPC_OFFSET = 100

export type ArgumentName = 'a0' | 'a1' | 'a2' | 'a3'
type Argument = (value: string, context: RecordContext) => string
type Arguments = ReadonlyMap<string, Argument>

/** How the arguments of system calls are interpreted on one host. */
export class SyscallArguments {
  readonly #readings: Readonly<Record<ArgumentName, Arguments>>

  constructor(host: HostNames) {
    this.#readings = { a0: first(host), a1: second(host), a2: third(host), a3: FOURTH }
  }

  interpret(argument: ArgumentName, value: string, context: RecordContext): string {
    const { syscallName } = context
    const reading = syscallName === undefined ? undefined : this.#readings[argument].get(syscallName)
    return reading === undefined ? inHex(value) : reading(value, context)
  }
}

const mode = numbered(16, (number) => fileMode(number))
const shortMode = numbered(16, (number) => permissions(number))

function first(host: HostNames): Arguments {
  return readings([
    ['rt_sigaction', as.signalArgument],
    ['renameat renameat2 readlinkat mkdirat mknodat fchownat futimesat fchmodat faccessat faccessat2', as.directory],
    ['futimensat unlinkat utimensat linkat newfstatat openat openat2 name_to_handle_at', as.directory],
    ['clock_settime', as.clock],
    ['personality', as.personality],
    ['ptrace', as.ptrace],
    ['prctl', as.prctl],
    ['unshare', as.cloneFlags],
    ['getrlimit setrlimit', as.rlimit],
    ['setuid setreuid setresuid setfsuid', host.userArgument],
    ['setgid setregid setresgid setfsgid', host.groupArgument],
    ['socket', as.family],
    ['socketcall', as.socketCall],
    ['exit exit_group', exitStatus],
    ['bpf', as.bpf],
  ])
}

function second(host: HostNames): Arguments {
  return readings([
    ['fchmod chmod creat mkdir', shortMode],
    ['mknod', mode],
    ['fcntl fcntl64', as.fcntlCommand],
    ['chown chown32 setreuid setresuid', host.userArgument],
    ['setregid setresgid', host.groupArgument],
    ['getsockopt setsockopt', host.socketLevel],
    ['socket', as.socketType],
    ['setns', as.cloneFlags],
    ['sched_setscheduler', as.scheduler],
    ['mq_open open', as.openFlags],
    ['access', as.accessMode],
    ['epoll_ctl', as.epollOperation],
    ['kill tkill', as.signalArgument],
    ['prctl', prctlArgument],
    ['umount2', as.umountFlags],
    ['ioctl', as.ioctlRequest],
  ])
}

function third(host: HostNames): Arguments {
  return readings([
    ['fcntl fcntl64', (value, context) => fcntlArgument(value, context, host)],
    ['getsockopt setsockopt', socketOption],
    ['openat open_by_handle_at', as.openFlags],
    ['open mq_open', (value, { a1 }) => ((a1 & O_CREAT) === 0n ? inHex(value) : shortMode(value))],
    ['fchmodat mkdirat mknodat', shortMode],
    ['faccessat faccessat2', as.accessMode],
    ['setresuid', host.userArgument],
    ['setresgid', host.groupArgument],
    ['socket', host.protocolArgument],
    ['sendmsg recvmsg', as.messageFlags],
    ['shmget', as.sharedMemoryFlags],
    ['mmap', as.mappedProtection],
    ['mprotect', as.protection],
    ['readlinkat renameat renameat2 linkat', as.directory],
    ['lseek', as.seek],
    ['clone clone2', as.cloneFlags],
    ['tgkill', as.signalArgument],
  ])
}

const FOURTH = readings([
  ['mmap', as.mmapFlags],
  ['mount', as.mountFlags],
  ['recv recvfrom recvmmsg send sendto sendmmsg', as.messageFlags],
])

function readings(list: readonly (readonly [calls: string, reading: Argument])[]): Arguments {
  return new Map(list.flatMap(([calls, reading]) => calls.split(' ').map((call) => [call, reading] as const)))
}

function inHex(value: string): string {
  return `0x${value}`
}

function exitStatus(value: string): string {
  if (value === '0') return 'EXIT_SUCCESS'
  return value === '1' ? 'EXIT_FAILURE' : 'UNKNOWN'
}

function prctlArgument(value: string, { a0 }: RecordContext): string {
  if (a0 === PR_CAPBSET_READ || a0 === PR_CAPBSET_DROP) return as.capabilityArgument(value)
  return a0 === PR_SET_PDEATHSIG ? as.signalArgument(value) : inHex(value)
}

function fcntlArgument(value: string, { a1 }: RecordContext, host: HostNames): string {
  const number = lowBits(value, 16)
  if (number === undefined) return conversionError(value)
  if (a1 === F_SETOWN) return host.userArgument(value)
  return a1 === F_SETFD && number === FD_CLOEXEC ? 'FD_CLOEXEC' : inHex(value)
}

const OPTIONS: ReadonlyMap<bigint, Reading> = new Map([
  [0n, as.ipOption],
  [6n, as.tcpOption],
  [17n, as.udpOption],
  [41n, as.ipv6Option],
  [263n, as.packetOption],
])
const SOL_SOCKET = 1n

function socketOption(value: string, context: RecordContext): string {
  const { a1 } = context
  if (a1 === SOL_SOCKET) return optionOfSocket(value, context)
  return OPTIONS.get(a1)?.(value) ?? inHex(value)
}

function optionOfSocket(value: string, { machine }: RecordContext): string {
  const number = lowBits(value, 16)
  if (number === undefined) return conversionError(value)
  const moved = number >= FIRST_POWERPC_OPTION && number <= LAST_POWERPC_OPTION
  const isPowerPc = machine === 'ppc' || machine === 'ppc64'
  const place = moved && isPowerPc ? number + POWERPC_OFFSET : number
  return namesIn(SOCKET_OPTIONS).get(place) ?? `unknown-sockopt-name(0x${value})`
}
