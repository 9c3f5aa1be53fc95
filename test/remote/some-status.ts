import { NO_TALLY, type StatusReport, type StreamStatus } from '../../src/remote/status.js'

/** Of a sender that is well. */
export const STREAM: StreamStatus = {
  principal: 'audit://example/agg1',
  stream: '0123456789abcdef0123456789abcdef',
  state: 'up',
  sinceMs: 1000,
  address: '192.0.2.1:6514',
  last: 120,
  durable: 110,
  acked: 100,
  lagRecords: 20,
  lagMs: 1500,
  holes: NO_TALLY,
  losses: NO_TALLY,
  repeats: 0,
  maybeRepeats: 0,
  forks: 0,
  certificate: { name: 'audit://example/agg1', endMs: 4_000_000_000_000 },
  lastError: '',
}

export const REPORT: StatusReport = {
  program: 'remote-send',
  pid: 1,
  startedMs: 0,
  protocol: 'native',
  promise: 'nothing is lost and nothing comes twice',
  disk: 'ok',
  dir: '/var/spool/audispd/remote-send',
  bytes: 12_345_678,
  certificate: { name: 'audit://example/web1', endMs: 4_000_000_000_000 },
  handOver: null,
  refused: [],
  streams: [STREAM],
}
