// What is told of the dispatcher and its plugins. docs/metrics.md has the same table.

import { counter, gauge } from './define.js'

const PLUGIN = ['plugin'] as const

export const DAEMON = {
  info: gauge('audispd_info', '', 'Always 1; the label has the release of the running dispatcher.', ['version']),
  start: gauge('audispd_start_time_seconds', 'seconds', 'When the dispatcher was started, since 1970.'),
  leaving: gauge('audispd_ending', '', '1 while the dispatcher is about to end.'),
  records: counter('audispd_records_total', 'records', 'Records that were handed out, from every source.'),
  reloadGood: gauge('audispd_last_reload_successful', '', '0 when the last reload was refused.'),
  reloadTime: gauge(
    'audispd_last_reload_timestamp_seconds',
    'seconds',
    'When it was last asked to reload, since 1970.',
  ),
  invalid: gauge('audispd_invalid_dropins', 'drop-ins', 'Drop-ins with a mistake, which are not run.'),
  logDropped: counter('audispd_log_dropped_lines_total', 'lines', 'Lines of its log that nobody read in time.'),
} as const

export const INPUT = {
  records: counter('audispd_input_records_total', 'records', 'Records that came on standard input.'),
  bytes: counter('audispd_input_bytes_total', 'bytes', 'Bytes that came on standard input.'),
  skipped: counter('audispd_input_skipped_bytes_total', 'bytes', 'Bytes in which no record could be found.'),
  resyncs: counter('audispd_input_resyncs_total', 'times', 'Times that the next record had to be looked for.'),
  damaged: counter('audispd_input_damaged_records_total', 'records', 'Records that had lost a part on their way.'),
  torn: counter('audispd_input_torn_records_total', 'records', 'Records that the end of the input cut short.'),
  tooLong: counter('audispd_input_too_long_records_total', 'records', 'Records beyond the longest that there can be.'),
  held: gauge('audispd_input_held', '', '1 while a full queue with overflow_action = block holds the input up.'),
  last: gauge('audispd_input_last_read_timestamp_seconds', 'seconds', 'When something was last read, since 1970.'),
} as const

const NODE = ['node'] as const

export const SERIALS = {
  missing: gauge('audispd_serials_missing', 'events', 'Events that have not come: lost by kernel or auditd.', NODE),
  pending: gauge(
    'audispd_serials_pending',
    'events',
    'Events that have not come yet, of which it is too early to tell.',
    NODE,
  ),
  restarts: counter('audispd_serial_restarts_total', 'times', 'Times that the serials began anew, as at a boot.', NODE),
  more: gauge('audispd_serials_more_nodes', 'nodes', 'Nodes that are not listed here, beyond 100.'),
  untracked: counter('audispd_serials_untracked_records_total', 'records', 'Records of nodes beyond those followed.'),
} as const

export const PLUGINS = {
  state: gauge('audispd_plugin_state', '', '1 for the state that the plugin is in, 0 for the others.', [
    'plugin',
    'state',
  ]),
  since: gauge('audispd_plugin_state_since_timestamp_seconds', 'seconds', 'Since when it is so, since 1970.', PLUGIN),
  restarts: counter('audispd_plugin_restarts_total', 'times', 'Times that it was started again.', PLUGIN),
  in: counter('audispd_plugin_records_total', 'records', 'Records that came by since the plugin was added.', PLUGIN),
  delivered: counter(
    'audispd_plugin_delivered_records_total',
    'records',
    'Of those: delivered, or acknowledged.',
    PLUGIN,
  ),
  filtered: counter('audispd_plugin_filtered_records_total', 'records', 'Of those: not asked for, or its own.', PLUGIN),
  dropped: counter('audispd_plugin_dropped_records_total', 'records', 'Of those: lost to this plugin, and why.', [
    'plugin',
    'reason',
  ]),
  queued: gauge('audispd_plugin_queued_records', 'records', 'Of those: waiting, or on their way.', PLUGIN),
  queuedBytes: gauge('audispd_plugin_queued_bytes', 'bytes', 'How much memory those take in the queue.', PLUGIN),
  depth: gauge('audispd_plugin_queue_limit_records', 'records', 'q_depth: more do not fit.', PLUGIN),
  depthBytes: gauge('audispd_plugin_queue_limit_bytes', 'bytes', 'q_bytes: more does not fit.', PLUGIN),
  lag: gauge(
    'audispd_plugin_lag_seconds',
    'seconds',
    'Age of the oldest record that is queued; 0 without one.',
    PLUGIN,
  ),
  losing: gauge('audispd_plugin_losing', '', '1 while its queue is full and loses records.', PLUGIN),
  suspended: gauge('audispd_plugin_suspended', '', '1 after overflow_action = suspend, until a resume.', PLUGIN),
  stalled: gauge(
    'audispd_plugin_stalled',
    '',
    '1 when it has taken nothing for a minute, with records waiting.',
    PLUGIN,
  ),
  paused: gauge('audispd_plugin_paused', '', '1 while it has asked to be given nothing.', PLUGIN),
  held: gauge('audispd_plugin_held', '', '1 while the admin has it stopped.', PLUGIN),
  balanced: gauge('audispd_plugin_ledger_balanced', '', '0 if the figures do not add up, which is a bug.', PLUGIN),
  sent: counter(
    'audispd_plugin_sent_records_total',
    'records',
    'Records that it has sent, and that were taken.',
    PLUGIN,
  ),
  bad: counter(
    'audispd_plugin_sent_bad_records_total',
    'records',
    'Lines that it has sent, and that are no records.',
    PLUGIN,
  ),
  unsettled: gauge(
    'audispd_plugin_unsettled_records',
    'records',
    'Records that it has sent and others still handle.',
    PLUGIN,
  ),
  commands: counter('audispd_plugin_commands_total', 'commands', 'Commands that it has sent.', PLUGIN),
  refused: counter('audispd_plugin_refused_commands_total', 'commands', 'Of those: answered with an error.', PLUGIN),
  notices: counter('audispd_plugin_notices_total', 'lines', 'Of those: lines in the log of the dispatcher.', PLUGIN),
  more: gauge('audispd_plugins_more', 'plugins', 'Plugins that are not listed here, beyond 1000.'),
} as const
