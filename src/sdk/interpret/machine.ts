// The architectures that libauparse 3.0.9 knows, and their system calls as it names them: those of the kernel's headers, but
// for a few that it has otherwise and for all that are younger than it.

import { namesIn } from '../name-table.js'
import {
  AUPARSE_AARCH64,
  AUPARSE_ARM,
  AUPARSE_I386,
  AUPARSE_PPC,
  AUPARSE_S390,
  AUPARSE_S390X,
  AUPARSE_X86_64,
} from '../tables/auparse-syscalls.js'
import { SYSCALLS_AARCH64 } from '../tables/syscalls-aarch64.js'
import { SYSCALLS_ARM } from '../tables/syscalls-arm.js'
import { SYSCALLS_I386 } from '../tables/syscalls-i386.js'
import { SYSCALLS_PPC } from '../tables/syscalls-ppc.js'
import { SYSCALLS_S390X } from '../tables/syscalls-s390x.js'
import { SYSCALLS_X86_64 } from '../tables/syscalls-x86-64.js'

/** By the names that libauparse has for them: it calls every ARM of 32 bits big-endian. */
export type Machine = 'x86_64' | 'i386' | 'ppc' | 'ppc64' | 'ppc64le' | 's390' | 's390x' | 'armeb' | 'aarch64'

const MACHINES: ReadonlyMap<number, Machine> = new Map([
  [0xc000003e, 'x86_64'],
  [0x40000003, 'i386'],
  [0x14, 'ppc'],
  [0x80000015, 'ppc64'],
  [0xc0000015, 'ppc64le'],
  [0x16, 's390'],
  [0x80000016, 's390x'],
  [0x40000028, 'armeb'],
  [0xc00000b7, 'aarch64'],
])
/** The kernel's table, and what libauparse has otherwise. The three of PowerPC are one to it. */
const TABLES: Readonly<Record<Machine, readonly [kernel: string, otherwise: string]>> = {
  x86_64: [SYSCALLS_X86_64, AUPARSE_X86_64],
  i386: [SYSCALLS_I386, AUPARSE_I386],
  ppc: [SYSCALLS_PPC, AUPARSE_PPC],
  ppc64: [SYSCALLS_PPC, AUPARSE_PPC],
  ppc64le: [SYSCALLS_PPC, AUPARSE_PPC],
  s390: [SYSCALLS_S390X, AUPARSE_S390],
  s390x: [SYSCALLS_S390X, AUPARSE_S390X],
  armeb: [SYSCALLS_ARM, AUPARSE_ARM],
  aarch64: [SYSCALLS_AARCH64, AUPARSE_AARCH64],
}
/** All of them. */
export const MACHINE_NAMES: readonly Machine[] = [...MACHINES.values()]
const NO_NAME = '-'

/** The architecture that a record's `arch` means; undefined for one that libauparse has not. */
export function machineOf(arch: number): Machine | undefined {
  return MACHINES.get(arch)
}

/** The name of a system call; undefined for one that libauparse has not. */
export function syscallOf(machine: Machine, call: number): string | undefined {
  const [kernel, otherwise] = TABLES[machine]
  const name = namesIn(otherwise).get(call) ?? namesIn(kernel).get(call)
  return name === NO_NAME ? undefined : name
}
