// What is told of the remote pair on this machine. docs/metrics.md has the same table.

import { counter, gauge } from './define.js'

const PROGRAM = ['program', 'dir'] as const
const STREAM = ['program', 'principal', 'stream'] as const

export const REMOTE = {
  up: gauge('audispd_remote_up', '', '1 while remote-send or remote-recv runs.', PROGRAM),
  start: gauge('audispd_remote_start_time_seconds', 'seconds', 'When it was started, since 1970.', PROGRAM),
  written: gauge(
    'audispd_remote_status_timestamp_seconds',
    'seconds',
    'When it last said how it is, since 1970.',
    PROGRAM,
  ),
  disk: gauge('audispd_remote_disk_state', '', '1 for the state that its disk is in, 0 for the others.', [
    ...PROGRAM,
    'state',
  ]),
  bytes: gauge('audispd_remote_journal_bytes', 'bytes', 'What its spool or journal takes on the disk.', PROGRAM),
  certificateEnd: gauge(
    'audispd_remote_certificate_end_timestamp_seconds',
    'seconds',
    'When its own certificate ends, since 1970.',
    PROGRAM,
  ),
  handedOver: counter(
    'audispd_remote_handed_over_records_total',
    'records',
    'At a collector: records that went to its dispatcher.',
    PROGRAM,
  ),
  handOverLag: gauge(
    'audispd_remote_hand_over_lag_records',
    'records',
    'At a collector: records that its dispatcher has still to acknowledge.',
    PROGRAM,
  ),
  refused: counter('audispd_remote_refused_connections_total', 'connections', 'Connections that were not let in.', [
    ...PROGRAM,
    'reason',
  ]),
  senders: gauge('audispd_remote_senders', 'senders', 'At a collector: senders that it knows.', PROGRAM),
  connected: gauge(
    'audispd_remote_senders_connected',
    'senders',
    'At a collector: senders that are connected.',
    PROGRAM,
  ),
  more: gauge(
    'audispd_remote_streams_more',
    'streams',
    'Streams that are not listed here, beyond max_streams.',
    PROGRAM,
  ),
} as const

export const STREAMS = {
  up: gauge('audispd_remote_stream_up', '', '1 while it is connected.', STREAM),
  since: gauge('audispd_remote_stream_since_timestamp_seconds', 'seconds', 'Since when it is, or is not.', STREAM),
  taken: counter(
    'audispd_remote_stream_taken_records_total',
    'records',
    'The last record that the sender has.',
    STREAM,
  ),
  durable: counter(
    'audispd_remote_stream_durable_records_total',
    'records',
    'The last record on the disk here.',
    STREAM,
  ),
  acked: counter(
    'audispd_remote_stream_acknowledged_records_total',
    'records',
    'The last that the collector has.',
    STREAM,
  ),
  lagRecords: gauge('audispd_remote_stream_lag_records', 'records', 'Records that are not acknowledged.', STREAM),
  lag: gauge('audispd_remote_stream_lag_seconds', 'seconds', 'Age of the oldest of those; 0 without one.', STREAM),
  holes: counter(
    'audispd_remote_stream_hole_records_total',
    'records',
    'Freed by the sender, and then lost here.',
    STREAM,
  ),
  losses: counter(
    'audispd_remote_stream_lost_records_total',
    'records',
    'Lost at the sender, by policy or damage.',
    STREAM,
  ),
  repeats: counter(
    'audispd_remote_stream_repeated_records_total',
    'records',
    'Came again, and were not taken.',
    STREAM,
  ),
  maybeRepeats: counter(
    'audispd_remote_stream_maybe_repeated_records_total',
    'records',
    'Were taken although they may have come before.',
    STREAM,
  ),
  forks: counter(
    'audispd_remote_stream_forks_total',
    'times',
    'Times that one side was set back to an older state.',
    STREAM,
  ),
  certificateEnd: gauge(
    'audispd_remote_stream_certificate_end_timestamp_seconds',
    'seconds',
    'When the certificate of the other end ends, since 1970.',
    STREAM,
  ),
} as const
