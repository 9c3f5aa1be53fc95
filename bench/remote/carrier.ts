// One way for records from a machine's dispatcher, or what stands for it, into the log of a collector.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

/** What a record is here: a line of text, with its line feed. */
export const LINE_BYTES = 250

export interface Carrier {
  readonly subject: string
  readonly side: 'ours' | 'ours-jitless' | 'peer'
  /** What stands behind an acknowledgement, in words. */
  readonly promise: string
  /** How many are carried in one run. */
  readonly records: number
  open(dir: string): Promise<Carried>
}

/** Where it runs. */
export interface Carried {
  readonly input: Writable
  /** Bytes in the collector's log. */
  readonly arrivedBytes: () => number
  /** By what they do. */
  readonly pids: ReadonlyMap<string, number>
  close(): Promise<void>
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Of a journal: all segments. */
export function logBytesIn(dir: string): number {
  if (!existsSync(dir)) return 0
  const logs = readdirSync(dir).filter((name) => /^\d+\.log$/.test(name))
  return logs.reduce((sum, name) => sum + sizeOf(join(dir, name)), 0)
}

/** Records of one kind, each with a serial of its own, as whole lines. */
export function linesFrom(first: number, count: number): Buffer {
  const text = Array.from({ length: count }, (_, index) => {
    const head = `type=SYSCALL msg=audit(1366512421.512:${first + index}): `
    return `${head}${FIELDS.slice(0, LINE_BYTES - 1 - head.length)}\n`
  })
  return Buffer.from(text.join(''), 'latin1')
}

const FIELDS =
  'arch=c000003e syscall=59 success=yes exit=0 a0=55d0c8b5e2a0 a1=55d0c8b60f40 a2=55d0c8b31660 a3=8 items=2 ppid=1042 pid=20744 ' +
  'auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="id" exe="/usr/bin/id" key="exec" subj=unconfined'
