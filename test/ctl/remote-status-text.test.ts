import { test } from 'tap'
import { judgeStatus, spanText, statusAsText } from '../../src/ctl/remote-status-text.js'
import { readStatus, writeStatus, type StatusReport, type StreamStatus } from '../../src/remote/status.js'
import { REPORT, STREAM } from '../remote/some-status.js'

const DAY_MS = 86_400_000
const NOW_MS = 100 * DAY_MS

function judge(report: Partial<StatusReport>, writtenMs = NOW_MS) {
  const status = readStatus(writeStatus({ ...REPORT, ...report }, 'running', writtenMs))
  if (status === undefined) throw new Error('the status cannot be read')
  return judgeStatus(status, true, NOW_MS)
}

function withStream(changes: Partial<StreamStatus>): Partial<StatusReport> {
  return { streams: [{ ...STREAM, ...changes }] }
}

void test('what is a fault, and what is not', (t) => {
  const ended = { name: 'audit://example/agg1', endMs: NOW_MS - DAY_MS }
  const soon = { name: 'audit://example/web1', endMs: NOW_MS + 13 * DAY_MS }
  const cases: readonly (readonly [report: Partial<StatusReport>, faults: readonly string[]])[] = [
    [{}, []],
    [{ disk: 'stalled' }, ['the disk is stalled']],
    [
      withStream({ state: 'down', lastError: 'connection refused' }),
      ['no records go out, it is down; 20 records wait, the oldest for 1s: connection refused'],
    ],
    [withStream({ state: 'suspended', lagRecords: 0, lagMs: 0 }), ['no records go out, it is suspended']],
    [withStream({ state: 'closed' }), []],
    [withStream({ holes: { entries: 1, records: 5 }, losses: { entries: 1, records: 5 }, forks: 2, repeats: 3 }), []],
    [{ certificate: soon }, ['the certificate here ends in 13d']],
    [withStream({ certificate: ended }), ['the certificate of audit://example/agg1 has ended 1d ago']],
    [{ program: 'remote-recv', ...withStream({ state: 'down' }) }, []],
    [{ program: 'remote-recv', ...withStream({ state: 'down', certificate: ended }) }, []],
    [
      { program: 'remote-recv', ...withStream({ state: 'up', certificate: ended }) },
      ['the certificate of audit://example/agg1 has ended 1d ago'],
    ],
  ]
  for (const [report, faults] of cases) t.same(judge(report).faults, faults, JSON.stringify(report))
  t.same(judge({}, NOW_MS - 121_000).faults, ['it has written nothing for 2m 1s'])
  t.end()
})

void test('everything that there is to show', (t) => {
  const text = statusAsText(
    judge({
      program: 'remote-recv',
      handOver: { last: 50, acked: 40 },
      refused: [{ reason: 'it has no certificate', count: 7 }],
      streams: [
        {
          ...STREAM,
          holes: { entries: 1, records: 9 },
          losses: { entries: 2, records: 8 },
          repeats: 3,
          maybeRepeats: 1,
          forks: 2,
        },
        { ...STREAM, principal: '', certificate: null, lagRecords: 0, lagMs: 0, lastError: 'reset' },
      ],
    }),
    NOW_MS,
  )
  t.match(text, /\n {2}handed over {2}40 of 50 to the dispatcher\n/)
  t.match(text, /\n {2}refused {6}7: it has no certificate\n/)
  t.match(text, /100 +20, 1s +9 in 1 +8 in 2 +3 \(\+1\?\) +2 +ends in/)
  t.match(text, /\n {2}192\.0\.2\.1:6514 .* 100 +- +- +- +- +- +-\n/, 'by its address, where it has no name')
  t.match(text, /\n {2}01234567: reset\n$/)
  t.match(statusAsText(judge({ streams: [] }), NOW_MS), /\n {2}no stream yet\n$/)
  t.end()
})

void test('what a peer said cannot touch the terminal', (t) => {
  const evil = '\u001b[2J\nremote-send: running\u202e'
  const text = statusAsText(
    judge(withStream({ principal: evil, lastError: evil, stream: evil, state: 'down' })),
    NOW_MS,
  )
  t.notMatch(text, /[^\P{Cc}\n]|\p{Cf}/u)
  t.equal(text.split('\n').filter((line) => line.startsWith('remote-send: running')).length, 1)
  t.end()
})

void test('spans of time', (t) => {
  const spans: readonly (readonly [ms: number, text: string])[] = [
    [0, '0s'],
    [999, '0s'],
    [1000, '1s'],
    [61_000, '1m 1s'],
    [60_000, '1m'],
    [3_600_000 + 59_000, '1h'],
    [90 * 60_000, '1h 30m'],
    [DAY_MS * 3 + 3_600_000 * 5, '3d 5h'],
  ]
  for (const [ms, text] of spans) t.equal(spanText(ms), text)
  t.end()
})
