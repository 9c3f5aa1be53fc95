// Debian's auditd as a collector, and its audisp-remote as the sender, both as they are shipped but for what has to be said: where to,
// and that nothing comes from a kernel. auditd acknowledges a record when it is in the page cache.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from '../processes.js'
import { sizeOf, type Carrier } from './carrier.js'
import { Daemon } from './daemon.js'
import { cover, uncover } from './own-network.js'

export const AUDISP_REMOTE = 'audisp-remote into auditd'
export const AUDITD_PROMISE = 'page cache'
export const AUDITD_PORT = 60
const SENDER_CONF = '/etc/audit/audisp-remote.conf'
const GIGABYTE_IN_MEGABYTES = 1000

/** From Debian's auditd.conf; changed are local_events, the log's place and size, use_libwrap and the port. */
const COLLECTOR_LINES = [
  'local_events = no',
  'write_logs = yes',
  'log_group = root',
  'log_format = ENRICHED',
  'flush = INCREMENTAL_ASYNC',
  'freq = 50',
  `max_log_file = ${GIGABYTE_IN_MEGABYTES}`,
  'num_logs = 5',
  'priority_boost = 4',
  'name_format = NONE',
  'max_log_file_action = IGNORE',
  'space_left = 75',
  'space_left_action = SYSLOG',
  'verify_email = no',
  'action_mail_acct = root',
  'admin_space_left = 50',
  'admin_space_left_action = SUSPEND',
  'disk_full_action = SUSPEND',
  'disk_error_action = SUSPEND',
  'use_libwrap = no',
  `tcp_listen_port = ${AUDITD_PORT}`,
  'tcp_listen_queue = 5',
  'tcp_max_per_addr = 1',
  'tcp_client_max_idle = 0',
  'transport = TCP',
  'distribute_network = no',
  'q_depth = 2000',
  'overflow_action = SYSLOG',
  'max_restarts = 10',
  'end_of_event_timeout = 2',
]

/** As Debian ships it, with a server. */
const SENDER_LINES = [
  'remote_server = 127.0.0.1',
  `port = ${AUDITD_PORT}`,
  'transport = tcp',
  'mode = immediate',
  'queue_depth = 10240',
  'format = managed',
  'network_retry_time = 1',
  'max_tries_per_record = 3',
  'max_time_per_record = 5',
  'heartbeat_timeout = 0',
  'network_failure_action = stop',
  'disk_low_action = ignore',
  'disk_full_action = warn_once',
  'disk_error_action = warn_once',
  'remote_ending_action = reconnect',
  'generic_error_action = syslog',
  'generic_warning_action = syslog',
  'queue_error_action = stop',
  'overflow_action = syslog',
  'startup_failure_action = warn_once_continue',
]

export interface Collector {
  readonly pid: number
  readonly log: string
  close(): Promise<void>
}

export async function startAuditd(dir: string): Promise<Collector> {
  const conf = join(dir, 'auditd')
  const log = join(dir, 'audit.log')
  mkdirSync(join(conf, 'plugins.d'), { recursive: true })
  const places = [`log_file = ${log}`, `plugin_dir = ${join(conf, 'plugins.d')}`]
  writeLines(join(conf, 'auditd.conf'), [...COLLECTOR_LINES, ...places])
  const auditd = await Daemon.start(['auditd', '-n', '-c', conf], join(dir, 'auditd.out'))
  await waitUntil(() => auditd.hasEnded || sizeOf(log) > 0, 'auditd does not start')
  if (auditd.hasEnded) throw new Error(`auditd has ended: ${auditd.lastWords}`)
  return { pid: auditd.pid, log, close: () => auditd.end() }
}

export function audispRemote(records: number): Carrier {
  return {
    subject: AUDISP_REMOTE,
    side: 'peer',
    promise: AUDITD_PROMISE,
    records,
    open: async (dir) => {
      const auditd = await startAuditd(dir)
      const conf = join(dir, 'audisp-remote.conf')
      writeLines(conf, [...SENDER_LINES, `queue_file = ${join(dir, 'remote.queue')}`])
      cover(SENDER_CONF, conf)
      const sender = await Daemon.start(['audisp-remote'], join(dir, 'audisp-remote.out'))
      return {
        input: sender.input,
        arrivedBytes: () => sizeOf(auditd.log),
        pids: new Map([
          ['audisp-remote', sender.pid],
          ['auditd', auditd.pid],
        ]),
        close: async () => {
          await sender.end()
          await auditd.close()
          uncover(SENDER_CONF)
        },
      }
    },
  }
}

/** Both refuse files that others may write. */
function writeLines(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  chmodSync(path, 0o640)
}
