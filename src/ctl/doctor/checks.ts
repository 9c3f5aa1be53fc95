import { AUDITD_FAULT_CHECKS } from './auditd-faults.js'
import { AUDITD_CHECKS } from './auditd.js'
import { CERTIFICATE_CHECKS } from './certificates.js'
import { LAYERS, type Check } from './check.js'
import { CONFIGURATION_CHECKS } from './configuration.js'
import { DAEMON_CHECKS } from './daemon.js'
import { DISK_CHECKS } from './disks.js'
import { KERNEL_CHECKS } from './kernel.js'
import { RECORD_CHECKS } from './records.js'
import { REMOTE_CHECKS } from './remote.js'
import { SOCKET_CHECKS } from './sockets.js'
import { SYSTEM_CHECKS } from './system.js'
import { UNIT_CHECKS } from './units.js'

const ALL: readonly Check[] = [
  ...KERNEL_CHECKS,
  ...AUDITD_CHECKS,
  ...AUDITD_FAULT_CHECKS,
  ...UNIT_CHECKS,
  ...CONFIGURATION_CHECKS,
  ...DAEMON_CHECKS,
  ...SOCKET_CHECKS,
  ...DISK_CHECKS,
  ...REMOTE_CHECKS,
  ...CERTIFICATE_CHECKS,
  ...RECORD_CHECKS,
  ...SYSTEM_CHECKS,
]

/** Everything that doctor looks at, layer by layer, from the kernel on: what is wrong further up explains what is wrong below. */
export const CHECKS: readonly Check[] = LAYERS.flatMap((layer) => ALL.filter((check) => check.layer === layer))
