import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'tap'
import { readRecord } from '../../src/protocol/record-fields.js'
import { archName, errnoName, errnoText, syscallName } from '../../src/sdk/names.js'
import { recordedLines } from '../protocol/recorded-lines.js'

const AUSYSCALL = '/usr/bin/ausyscall'

/**
 * What ausyscall knows of each architecture, and the numbers that it has and the kernel has not: on arm those of an older
 * calling convention, on ppc64 those of 32-bit programs. Its 3.0.9 has neither riscv64 nor loongarch64.
 */
const KNOWN_TO_AUSYSCALL: Readonly<Record<string, readonly number[]>> = {
  x86_64: [],
  i386: [],
  aarch64: [],
  arm: [13, 22, 25, 27, 30, 76, 82, 89, 90, 102, 113, 117],
  ppc: [392],
  ppc64: [192, 193, 194, 195, 196, 197, 204, 226, 254, ...range(403, 414), ...range(416, 423)],
  ppc64le: [192, 193, 194, 195, 196, 197, 204, 226, 254, ...range(403, 414), ...range(416, 423)],
  s390x: [],
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

void test('the tables agree with ausyscall', { skip: existsSync(AUSYSCALL) ? false : `no ${AUSYSCALL}` }, (t) => {
  for (const [arch, missing] of Object.entries(KNOWN_TO_AUSYSCALL)) {
    const { stdout } = spawnSync(AUSYSCALL, [arch, '--dump'], { encoding: 'utf8' })
    const [heading, ...lines] = stdout.trimEnd().split('\n')
    t.match(heading, /^Using \w+ syscall table:$/)
    const theirs = lines.map((line) => line.split('\t'))
    t.ok(theirs.length > 300, `${theirs.length} of ${arch}`)
    t.same(
      theirs.filter(([number = '', name]) => syscallName(arch, number) !== name).map(([number]) => Number(number)),
      missing,
      `${arch}: none but those that the kernel has not`,
    )
    t.ok(
      missing.every((number) => syscallName(arch, number) === undefined),
      'and of those none has another name',
    )
  }
  t.end()
})

void test('system calls', (t) => {
  t.equal(syscallName('c000003e', 59), 'execve')
  t.equal(syscallName('c000003e', '59'), 'execve')
  t.equal(syscallName('x86_64', 0), 'read')
  t.equal(syscallName('40000003', 11), 'execve')
  t.equal(syscallName('c00000b7', 221), 'execve')
  t.equal(syscallName('40000028', 11), 'execve')
  t.equal(syscallName('28', 11), 'execve', 'armeb')
  t.equal(syscallName('c0000015', 11), 'execve')
  t.equal(syscallName('80000015', 11), 'execve')
  t.equal(syscallName('80000016', 11), 'execve')
  t.equal(syscallName('c00000f3', 221), 'execve')
  t.equal(syscallName('c0000102', 221), 'execve')
  t.equal(syscallName('riscv64', 258), 'riscv_hwprobe')
  t.equal(syscallName('c000003e', 462), 'mseal', 'newer than ausyscall')
  t.end()
})

void test('what has no name', (t) => {
  for (const number of [-1, 400, 100000, 0.5, NaN, '', '-1', 'x', '0x3b', '99999999999', 0x40000000 + 512]) {
    t.equal(syscallName('c000003e', number), undefined, String(number))
  }
  for (const arch of ['', '0', 'c000003f', 'C000003E', 'toString', '__proto__', '16', 'ia64']) {
    t.equal(syscallName(arch, 1), undefined, arch)
  }
  t.equal(archName('c000003e'), 'x86_64')
  t.equal(archName('80000016'), 's390x')
  t.equal(archName('c0000015'), 'ppc64le')
  t.equal(archName('16'), 's390', 'without a table')
  t.equal(archName(''), undefined)
  t.equal(archName('toString'), undefined)
  t.end()
})

void test('errors', (t) => {
  t.equal(errnoName(-2), 'ENOENT')
  t.equal(errnoName('-13'), 'EACCES')
  t.equal(errnoName('-115'), 'EINPROGRESS')
  t.equal(errnoName(-38), 'ENOSYS')
  t.equal(errnoText('-2'), 'no such file or directory')
  t.equal(errnoText(-133), undefined, 'Node has no text for EHWPOISON')
  for (const exit of [0, 2, '0', '3', '', 'x', -41, -4095, NaN]) {
    t.equal(errnoName(exit), undefined, String(exit))
    t.equal(errnoText(exit), undefined)
  }
  t.end()
})

void test('the names that auditd wrote into enriched records', (t) => {
  let count = 0
  for (const name of ['v2.8.5-enriched.log', 'v3.0.9-enriched-node-plugin.log']) {
    for (const line of recordedLines(name)) {
      const record = readRecord(line)
      const [arch, syscall] = [record?.get('arch'), record?.get('syscall')]
      if (arch === undefined || syscall === undefined) continue
      // auditd has no name for what is newer than its tables, nor for that of a SECCOMP record.
      const theirs = record?.enriched('SYSCALL') ?? 'unknown-syscall'
      if (!theirs.startsWith('unknown-syscall')) t.equal(syscallName(arch, syscall), theirs)
      t.equal(archName(arch), record?.enriched('ARCH') ?? archName(arch))
      count += 1
    }
  }
  t.ok(count > 800)
  t.end()
})
