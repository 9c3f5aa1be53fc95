// What a dispatcher answers, as tests need it.

import type { DispatcherReport, PluginReport } from '../../../plugins/metrics/dispatcher-report.js'
import type { ProgramStatus, StreamStatus } from '../../../src/remote/status.js'

export function pluginReport(name: string, report: Partial<PluginReport> = {}): PluginReport {
  return {
    name,
    state: 'running',
    since: '2026-11-21T19:09:14.500Z',
    restarts: 0,
    in: 0,
    delivered: 0,
    filtered: 0,
    dropped: {},
    queued: 0,
    queuedBytes: 0,
    depth: 100_000,
    depthBytes: 67_108_864,
    lagMs: 0,
    flow: 'open',
    stalled: false,
    paused: false,
    held: false,
    balanced: true,
    sent: null,
    commands: null,
    ...report,
  }
}

export function dispatcherReport(report: Partial<DispatcherReport> = {}): DispatcherReport {
  return {
    version: '1.2.3',
    startedAt: '2026-11-21T19:09:14.099Z',
    phase: 'running',
    seq: 42,
    input: {
      records: 40,
      bytes: 4000,
      skippedBytes: 0,
      resyncs: 0,
      damaged: 0,
      torn: 0,
      tooLong: 0,
      held: false,
      lastAt: '2026-11-21T19:10:00.000Z',
    },
    serials: null,
    invalid: 0,
    log: { droppedLines: 0 },
    lastReload: null,
    plugins: [],
    ...report,
  }
}

export function streamStatus(principal: string, stream: Partial<StreamStatus> = {}): StreamStatus {
  return {
    principal,
    stream: `of-${principal}`,
    state: 'up',
    sinceMs: 1_795_288_154_099,
    address: '192.0.2.1:60',
    last: 100,
    durable: 90,
    acked: 80,
    lagRecords: 10,
    lagMs: 1500,
    holes: { entries: 0, records: 0 },
    losses: { entries: 0, records: 0 },
    repeats: 0,
    maybeRepeats: 0,
    forks: 0,
    certificate: null,
    lastError: '',
    ...stream,
  }
}

export function programStatus(status: Partial<ProgramStatus> = {}): ProgramStatus {
  return {
    version: 1,
    program: 'remote-recv',
    pid: 1,
    startedMs: 1_795_288_000_000,
    writtenMs: 1_795_288_154_099,
    state: 'running',
    protocol: 'native',
    promise: 'synced',
    disk: 'ok',
    dir: '/var/lib/audispd/remote-recv',
    bytes: 12_345,
    certificate: { name: 'collector', endMs: 1_800_000_000_000 },
    handOver: { last: 100, acked: 70 },
    refused: [],
    streams: [],
    more: 0,
    ...status,
  }
}
