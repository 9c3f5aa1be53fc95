import { endianness } from 'node:os'

/** As long as a SYSCALL record is on the average machine, with its header: what the figures of other dispatchers go by. */
export const RECORD_BYTES = 250
const HEADER_BYTES = 16
const PAYLOAD_BYTES = RECORD_BYTES - HEADER_BYTES
/** What a string plugin gets of one: the payload and a line feed. */
export const LINE_BYTES = PAYLOAD_BYTES + 1
/** 16 KiB in whole records, as no writer of audit records ends a write within one. */
export const RECORDS_IN_16_KIB = Math.floor((16 * 1024) / RECORD_BYTES)
/** Nearly 64 KiB, which the dispatcher reads at most in one go. */
export const RECORDS_IN_64_KIB = 4 * RECORDS_IN_16_KIB
/** A multiple of the above, and small enough to stay in the processor's cache: the producer should cost little. */
const STREAM_RECORDS = RECORDS_IN_64_KIB
const STAMP_FIELD = 'stamp='
const STAMP_DIGITS = 20
const HEADER_VERSION = 1

interface RecordType {
  readonly name: string
  readonly number: number
}

const SYSCALL: RecordType = { name: 'SYSCALL', number: 1300 }

/** The records of one execve, as the kernel sends them. */
const EXECVE_EVENT: readonly RecordType[] = [
  SYSCALL,
  { name: 'EXECVE', number: 1309 },
  { name: 'CWD', number: 1307 },
  { name: 'PATH', number: 1302 },
  { name: 'PATH', number: 1302 },
  { name: 'PROCTITLE', number: 1327 },
  { name: 'EOE', number: 1320 },
]

/** Records as auditd writes them to its dispatcher, each with the same room for the time it was written at. */
export function makeStream(): { readonly bytes: Buffer; readonly stampAt: number } {
  const records = Array.from({ length: STREAM_RECORDS }, (_, index) => frameAround(SYSCALL, payload(SYSCALL, index)))
  const stampAt = (records[0] ?? Buffer.alloc(0)).indexOf(STAMP_FIELD) + STAMP_FIELD.length
  return { bytes: Buffer.concat(records), stampAt }
}

/** The same, but each record has the type that it would have in one execve after the other. All are as long. */
export function makeMixedStream(): Buffer {
  return Buffer.concat(
    Array.from({ length: STREAM_RECORDS }, (_, index) => {
      const type = EXECVE_EVENT[index % EXECVE_EVENT.length] ?? SYSCALL
      return frameAround(type, payload(type, index))
    }),
  )
}

/** Records as text, as a plugin sends them. */
export function makeLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => payload(SYSCALL, index))
}

function payload({ name }: RecordType, index: number): string {
  const serial = 33896127 + index
  const text =
    `type=${name} msg=audit(1366512421.512:${serial}): ${STAMP_FIELD}${'0'.repeat(STAMP_DIGITS)} arch=c000003e syscall=59 ` +
    'success=yes exit=0 a0=55d0c8b5e2a0 a1=55d0c8b60f40 a2=55d0c8b31660 a3=8 items=2 ppid=1042 pid=20744 auid=1000 uid=0 ' +
    'gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="id" exe="/usr/bin/id" key="exec" subj=unconfined'
  return text.slice(0, PAYLOAD_BYTES)
}

function frameAround({ number }: RecordType, text: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  const words = [HEADER_VERSION, HEADER_BYTES, number, text.length]
  for (const [index, word] of words.entries()) {
    if (endianness() === 'LE') header.writeUInt32LE(word, index * 4)
    else header.writeUInt32BE(word, index * 4)
  }
  return Buffer.concat([header, Buffer.from(text, 'latin1')])
}
