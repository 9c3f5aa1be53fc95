import { test } from 'tap'
import { MAX_REASONS, MAX_STREAMS, readStatus, writeStatus } from '../../src/remote/status.js'
import { REPORT, STREAM } from './some-status.js'

void test('what is written is read', (t) => {
  const handOver = { last: 5, acked: 4 }
  const report = { ...REPORT, handOver, certificate: null, refused: [{ reason: 'it has no certificate', count: 3 }] }
  t.same(readStatus(writeStatus(report, 'running', 77)), {
    version: 1,
    ...report,
    state: 'running',
    writtenMs: 77,
    more: 0,
  })
  t.match(readStatus(writeStatus(REPORT, 'stopped', 77)), { state: 'stopped' })
  t.end()
})

void test('it stays within its bounds, and says what it leaves out', (t) => {
  const streams = Array.from({ length: MAX_STREAMS + 3 }, () => STREAM)
  const refused = Array.from({ length: MAX_REASONS + 1 }, (_, at) => ({ reason: `r${at}`, count: at }))
  const long = { ...STREAM, lastError: 'x'.repeat(5000) }
  const read = readStatus(writeStatus({ ...REPORT, streams: [long, ...streams], refused }, 'running', 0))
  t.equal(read?.streams.length, MAX_STREAMS)
  t.equal(read?.more, 4)
  t.equal(read?.streams[0]?.lastError.length, 1024)
  t.same(
    [read?.refused.length, read?.refused[0]?.reason],
    [MAX_REASONS, `r${MAX_REASONS}`],
    'the most frequent reasons',
  )
  t.end()
})

void test('what is no status', (t) => {
  const good = writeStatus(REPORT, 'running', 0)
  for (let cut = 0; cut < good.length - 1; cut += 7) t.equal(readStatus(good.slice(0, cut)), undefined)
  t.equal(readStatus(good.replace('"version":1', '"version":2')), undefined, 'a version that is not known')
  t.equal(readStatus(good.replace('"pid":1', '"pid":"1"')), undefined)
  t.equal(readStatus('null'), undefined)
  t.end()
})
