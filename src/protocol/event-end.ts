// Which records are the last of their event, as auditd.conf(5) has it under end_of_event_timeout.

import { UNKNOWN_TYPE } from './frame.js'

const FIRST_OF_KERNEL = 1300
/** Comes after all others, and has no fields. */
export const EOE = 1320
const PROCTITLE = 1327
const MAC_UNLBL_ALLOW = 1406
const MAC_CALIPSO_DEL = 1419
const KERNEL = 2000
const FIRST_OF_ANOMALIES = 2100

/** Whether a record of this type is the last of its event. A type that nobody knows says nothing about that. */
export function endsEvent(type: number): boolean {
  if (type === PROCTITLE || type === KERNEL || type < FIRST_OF_KERNEL) return true
  if (type >= MAC_UNLBL_ALLOW && type <= MAC_CALIPSO_DEL) return true
  return type >= FIRST_OF_ANOMALIES && type !== UNKNOWN_TYPE
}
