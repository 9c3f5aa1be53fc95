// Writes src/sdk/tables/ from the kernel's headers for user space, which Debian ships for every architecture at once in the
// package linux-libc-dev, from version 6.12 on:
//
//   apt-get download linux-libc-dev && dpkg -x linux-libc-dev_*.deb DIRECTORY && node scripts/generate-names.mjs DIRECTORY
//
// Only numbers and names are taken. The version is read out of the package and stands in each file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const TABLES = 'src/sdk/tables'
const MAX_WIDTH = 118
const HEADERS = 'usr/lib/linux/uapi'

/** File of the table, and the header that has the numbers. */
const SYSCALLS = {
  'x86-64': 'x86/asm/unistd_64.h',
  i386: 'x86/asm/unistd_32.h',
  aarch64: 'arm64/asm/unistd_64.h',
  arm: 'arm/asm/unistd-eabi.h',
  ppc64: 'powerpc/asm/unistd_64.h',
  ppc: 'powerpc/asm/unistd_32.h',
  s390x: 's390/asm/unistd_64.h',
  riscv64: 'riscv/asm/unistd_64.h',
  loongarch64: 'loongarch/asm/unistd_64.h',
}

/**
 * Where audit's own tools (ausyscall of auditd 3.0.9) spell a name in another way than the kernel. Rules and enriched
 * records have their spelling, so it is the one that people look for.
 */
const SPELLINGS = {
  'x86-64': { pread64: 'pread', pwrite64: 'pwrite' },
  i386: { kexec_load: 'sys_kexec_load', sched_rr_get_interval_time64: 'sched_rr_get_interval64' },
  aarch64: { getdents64: 'getdents', pread64: 'pread', pwrite64: 'pwrite', fstat: 'newfstat' },
  arm: {
    _llseek: 'llseek',
    _newselect: 'newselect',
    _sysctl: 'sysctl',
    arm_fadvise64_64: 'fadvise64_64',
    arm_sync_file_range: 'sync_file_range',
    sched_rr_get_interval_time64: 'sched_rr_get_interval64',
  },
  ppc64: {
    pread64: 'pread',
    pwrite64: 'pwrite',
    newfstatat: 'fstatat64',
    timerfd_create: 'timerfd',
    perf_event_open: 'perf_counter_open',
  },
  ppc: { pread64: 'pread', pwrite64: 'pwrite', timerfd_create: 'timerfd', perf_event_open: 'perf_counter_open' },
  s390x: { pread64: 'pread', pwrite64: 'pwrite' },
}

/** The kernel's AUDIT_ARCH_ names, and what audit's tools call them. */
const ARCHES = {
  X86_64: 'x86_64',
  I386: 'i386',
  AARCH64: 'aarch64',
  ARM: 'arm',
  ARMEB: 'armeb',
  PPC: 'ppc',
  PPC64: 'ppc64',
  PPC64LE: 'ppc64le',
  S390: 's390',
  S390X: 's390x',
  RISCV64: 'riscv64',
  LOONGARCH64: 'loongarch64',
  ALPHA: 'alpha',
  IA64: 'ia64',
}

const [, , directory] = process.argv
if (directory === undefined) {
  console.error('usage: node scripts/generate-names.mjs DIRECTORY (with linux-libc-dev unpacked in it)')
  process.exit(64)
}

const version = readVersion()
mkdirSync(TABLES, { recursive: true })
for (const [name, header] of Object.entries(SYSCALLS)) {
  const found = definitions(join(HEADERS, header), /^#define __NR_(\w+)\s+\(?(?:__NR_SYSCALL_BASE \+ )?(\d+)\)?$/gm)
  const spelled = found.map(([call, number]) => [SPELLINGS[name]?.[call] ?? call, number])
  write(`syscalls-${name}`, header, `System calls of ${name.replace('-', '_')}`, runs(spelled))
}
const errnos = ['errno-base.h', 'errno.h'].flatMap((file) =>
  definitions(join('usr/include/asm-generic', file), /^#define\s+(E\w+)\s+(\d+)\b/gm),
)
write('errnos', 'asm-generic/errno-base.h and errno.h', 'Error numbers', runs(errnos))
write('arches', 'linux/audit.h and linux/elf-em.h', 'Architectures, as arch= has them', archPairs())

function readVersion() {
  const changelog = readFileSync(join(directory, 'usr/share/doc/linux-libc-dev/changelog.Debian.gz'))
  return /^linux \(([^)]+)\)/.exec(gunzipSync(changelog).toString())[1]
}

function definitions(path, pattern) {
  const text = readFileSync(join(directory, path), 'utf8')
  return [...text.matchAll(pattern)].map(([, name, number]) => [name, Number(number)])
}

/** `0 read write ... 424 pidfd_send_signal`: a number before each name that does not follow the one before it. */
function runs(pairs) {
  let next = -1
  return pairs
    .toSorted(([, one], [, other]) => one - other)
    .flatMap(([name, number]) => {
      const words = number === next ? [name] : [String(number), name]
      next = number + 1
      return words
    })
}

function archPairs() {
  const machines = new Map(definitions('usr/include/linux/elf-em.h', /^#define EM_(\w+)\s+(\d+|0x[0-9a-fA-F]+)\b/gm))
  const audit = readFileSync(join(directory, 'usr/include/linux/audit.h'), 'utf8')
  const flags = new Map(
    [...audit.matchAll(/^#define (__AUDIT_ARCH_\w+)\s+(0x\w+)/gm)].map(([, name, value]) => [name, Number(value)]),
  )
  return Object.entries(ARCHES).flatMap(([kernel, name]) => {
    const [, terms] = new RegExp(`^#define AUDIT_ARCH_${kernel}\\s+\\((\\S+)\\)`, 'm').exec(audit)
    const values = terms.split('|').map((term) => flags.get(term) ?? machines.get(term.replace('EM_', '')))
    return [values.reduce((sum, value) => sum + value, 0).toString(16), name]
  })
}

function write(file, header, what, words) {
  const lines = ['']
  for (const word of words) {
    const line = lines.at(-1)
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= MAX_WIDTH) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  const constant = file.toUpperCase().replaceAll('-', '_')
  const text = `// Made by scripts/generate-names.mjs from ${header} of the Linux kernel,\n// as in Debian's linux-libc-dev ${version}. Not to be edited.\n\n/** ${what}. */\nexport const ${constant} = \`\n${lines.join('\n')}\n\`\n`
  writeFileSync(join(TABLES, `${file}.ts`), text)
}
