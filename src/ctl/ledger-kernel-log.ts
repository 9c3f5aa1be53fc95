// When the kernel lost records: it says so in its own log, with its counter. The counter alone, as auditctl tells it, is since
// the boot and knows no time. But the kernel says it only while it is not saying much already: what it has not told it may
// have lost all the same.

import { closeSync, constants, openSync, readSync } from 'node:fs'
import { systemCode } from './ctl-error.js'

const KERNEL_LOG = '/dev/kmsg'
/** A read brings one message; none is longer. */
const MAX_MESSAGE_BYTES = 8192
const MAX_MESSAGES = 200_000
const MESSAGE = /^\d+,\d+,(\d+),[^;]*;(.*)/
const LOST = /^audit: audit_lost=(\d+) /

/** The kernel said that it had lost so many in all. */
export interface LossTold {
  readonly atMs: number
  readonly lost: number
}

export interface KernelLog {
  readonly losses: readonly LossTold[]
}

/** How many of its records the kernel has lost since then. */
export interface LostSince {
  readonly atLeast: number
  readonly atMost: number
}

/** Undefined where there is none, or it is not for us to read. */
export function readKernelLog(path = KERNEL_LOG): KernelLog | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      // Its times count from the boot, and stand still while the machine sleeps.
      return kernelLogIn(messagesOf(fd), Date.now() - Number(process.hrtime.bigint() / 1_000_000n))
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    // EPERM, EACCES, ENOENT: as in a container, or for others than root.
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

/** `zeroMs`: when the kernel's clock began. */
export function kernelLogIn(messages: Iterable<string>, zeroMs: number): KernelLog {
  const losses: LossTold[] = []
  for (const message of messages) {
    const [, micros = '', text = ''] = MESSAGE.exec(message) ?? []
    const lost = LOST.exec(text)?.[1]
    if (lost !== undefined) losses.push({ atMs: zeroMs + Number(micros) / 1000, lost: Number(lost) })
  }
  return { losses }
}

/** `lost`: all, up to now. Where the log does not tell, that is how many it may be. */
export function lostSince(log: KernelLog | undefined, sinceMs: number, lost: number): LostSince {
  const before = log?.losses.findLast(({ atMs }) => atMs < sinceMs)
  const after = log?.losses.find(({ atMs }) => atMs >= sinceMs)
  // How much it was before is no lower bound: it may have been reset since.
  const atMost = before?.lost === lost && after === undefined ? 0 : lost
  return { atLeast: after === undefined || after.lost > lost ? 0 : lost - after.lost + 1, atMost }
}

function* messagesOf(fd: number): Generator<string> {
  const bytes = Buffer.alloc(MAX_MESSAGE_BYTES)
  for (let count = 0; count < MAX_MESSAGES; count++) {
    try {
      const length = readSync(fd, bytes)
      if (length === 0) return
      yield bytes.toString('utf8', 0, length)
    } catch (error) {
      // EPIPE: it was overwritten meanwhile, and the next read goes on behind that. EAGAIN: that was all.
      if (systemCode(error) !== 'EPIPE') return
    }
  }
}
