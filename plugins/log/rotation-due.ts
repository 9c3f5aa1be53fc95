// When a file has had its time: by its size, or by periods that are counted from midnight, 1970, as the clock on the wall shows it.

import type { LogConfig } from './config.js'

const MINUTE_MS = 60_000

/** Minutes that the wall is behind UTC at a time, as Date has it. */
export type OffsetAt = (wallMs: number) => number

const LOCAL: OffsetAt = (wallMs) => new Date(wallMs).getTimezoneOffset()
const UTC: OffsetAt = () => 0

/** `tell`, `suspend`: it is too large, and the admin does not want it rotated for that. */
export type Due = 'no' | 'yes' | 'tell' | 'suspend'

type Limits = Pick<LogConfig, 'rotateEveryMs' | 'rotateAt' | 'maxFileBytes' | 'maxFileAction'>

/** Whether a file is done with, before `bytes` more are written into it. */
export function rotationDue(
  { rotateEveryMs, rotateAt, maxFileBytes, maxFileAction }: Limits,
  file: { readonly offset: number; readonly beganMs: number },
  bytes: number,
  nowMs: number,
): Due {
  const offsetAt = rotateAt === 'utc' ? UTC : LOCAL
  const period = (ms: number): number => periodOf(ms, rotateEveryMs, offsetAt)
  if (rotateEveryMs > 0 && period(nowMs) > period(file.beganMs)) return 'yes'
  if (file.offset + bytes <= maxFileBytes) return 'no'
  switch (maxFileAction) {
    case 'rotate':
    case 'keep_logs':
      return 'yes'
    case 'ignore':
      return 'no'
    case 'syslog':
      return 'tell'
    case 'suspend':
      return 'suspend'
  }
  return maxFileAction satisfies never
}

/** As auditd has it. */
export function mayRotate({ maxFileAction, numLogs }: Pick<LogConfig, 'maxFileAction' | 'numLogs'>): boolean {
  return maxFileAction === 'keep_logs' || numLogs >= 2
}

/** The number of the period that a time lies in. */
export function periodOf(wallMs: number, lengthMs: number, offsetAt: OffsetAt): number {
  return Math.floor((wallMs - offsetAt(wallMs) * MINUTE_MS) / lengthMs)
}
