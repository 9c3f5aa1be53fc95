// Names for the numbers that records have: system calls, architectures, errors. The tables are made from the kernel's
// headers by scripts/generate-names.mjs; a table is taken apart when it is first needed.

import { getSystemErrorMap } from 'node:util'
import { namesIn } from './name-table.js'
import { ARCHES } from './tables/arches.js'
import { ERRNOS } from './tables/errnos.js'
import { SYSCALLS_AARCH64 } from './tables/syscalls-aarch64.js'
import { SYSCALLS_ARM } from './tables/syscalls-arm.js'
import { SYSCALLS_I386 } from './tables/syscalls-i386.js'
import { SYSCALLS_LOONGARCH64 } from './tables/syscalls-loongarch64.js'
import { SYSCALLS_PPC } from './tables/syscalls-ppc.js'
import { SYSCALLS_PPC64 } from './tables/syscalls-ppc64.js'
import { SYSCALLS_RISCV64 } from './tables/syscalls-riscv64.js'
import { SYSCALLS_S390X } from './tables/syscalls-s390x.js'
import { SYSCALLS_X86_64 } from './tables/syscalls-x86-64.js'

/** Which table an architecture's system calls are in: those of both byte orders are the same. */
const SYSCALL_TABLES: Readonly<Record<string, string>> = {
  x86_64: SYSCALLS_X86_64,
  i386: SYSCALLS_I386,
  aarch64: SYSCALLS_AARCH64,
  arm: SYSCALLS_ARM,
  armeb: SYSCALLS_ARM,
  ppc: SYSCALLS_PPC,
  ppc64: SYSCALLS_PPC64,
  ppc64le: SYSCALLS_PPC64,
  s390x: SYSCALLS_S390X,
  riscv64: SYSCALLS_RISCV64,
  loongarch64: SYSCALLS_LOONGARCH64,
}

const archNames = new Map([...ARCHES.matchAll(/(\S+)\s(\S+)/g)].map(([, value = '', name = '']) => [value, name]))

/**
 * The name of an architecture as a record's `arch` field has it: `c000003e` is `x86_64`. Undefined for one without a name
 * here. Values are those of the kernel's linux/audit.h, names those of audit's own tools.
 */
export function archName(arch: string): string | undefined {
  return archNames.get(arch)
}

/**
 * The name of a system call, as rules and enriched records have it: `syscallName('c000003e', 59)` is `execve`. `arch` is a
 * record's `arch` field, or a name such as `x86_64`; the number may be the text of its `syscall` field. Undefined for an
 * architecture without a table (there are x86_64, i386, aarch64, arm, ppc, ppc64, s390x, riscv64, loongarch64), for a
 * number that is not in it, those of x32 among them, and for what is no number.
 */
export function syscallName(arch: string, syscall: number | string): string | undefined {
  const name = archNames.get(arch) ?? arch
  const table = Object.hasOwn(SYSCALL_TABLES, name) ? SYSCALL_TABLES[name] : undefined
  return table === undefined ? undefined : namesIn(table).get(numberOf(syscall))
}

/**
 * The name of the error in a record's `exit` field, a number or its text: `-2` is `ENOENT`. Undefined for success, which
 * is zero or above, and for numbers without a name. The kernel's numbers for most architectures, x86 and ARM among them.
 */
export function errnoName(exit: number | string): string | undefined {
  return namesIn(ERRNOS).get(-numberOf(exit))
}

/** What the error in a record's `exit` field means, in English: `-2` is `no such file or directory`. Node has no text for some. */
export function errnoText(exit: number | string): string | undefined {
  const name = errnoName(exit)
  const [known, text] = getSystemErrorMap().get(numberOf(exit)) ?? []
  return name !== undefined && known === name ? text : undefined
}

/** NaN for what is no whole number as records have them. */
function numberOf(value: number | string): number {
  if (typeof value === 'number') return value
  return /^-?\d{1,10}$/.test(value) ? Number(value) : NaN
}
