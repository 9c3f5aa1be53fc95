import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { ActionRunner } from '../../src/dispatcher/action-runner.js'
import { Herald } from '../../src/dispatcher/herald.js'
import { Plugin } from '../../src/dispatcher/plugin.js'
import { RunDir } from '../../src/dispatcher/run-dir.js'
import { SegmentPool } from '../../src/dispatcher/segment.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'
import { inputLedger, ledgerOf } from '../../src/dispatcher/state-report.js'
import { FakeClock } from './fake-clock.js'
import { FakeLog } from './fake-log.js'
import { someDropIn } from './some-drop-in.js'

void test('the ledger of one plugin', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'state-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const world = {
    clock: new FakeClock(),
    runDir: RunDir.make(dir, undefined),
    onRunDirProblem: () => {},
    nodeOptions: '',
    niceness: undefined,
    pool: new SegmentPool(),
    herald: new Herald(new FakeLog(), { pid: 1, uid: 0, auid: 0, ses: 0 }, () => {}),
    random: () => 0,
    programDoubt: () => '',
    isEnding: () => false,
    changeRunlevel: () => {},
    onChange: () => {},
    onHeard: () => {},
    onAnswered: () => {},
    onSelected: () => {},
    hello: () => ({ run: 'r', next: 1, node: '' }),
    join: () => 1,
    holds: () => [],
    received: new Map<string, number>(),
    stats: () => undefined,
    statsPage: () => '',
    reload: () => {},
    run: 'r',
    runner: new ActionRunner({
      clock: new FakeClock(),
      start: () => {
        throw new Error('nothing is started')
      },
      programDoubt: () => '',
      changeRunlevel: () => {},
    }),
  }
  const plugin = new Plugin(someDropIn({ name: 'siem', queue: { ...DEFAULT_SETTINGS.queue, depth: 1 } }), world)
  const fresh = {
    plugin: 'siem',
    state: 'stopped',
    restarts: 0,
    in: 0,
    delivered: 0,
    filtered: 0,
    dropped: 0,
    queued: 0,
  }
  t.same(ledgerOf(plugin), { ...fresh, balanced: true })
  for (let count = 0; count < 3; count++) plugin.queue.offerAlone(Buffer.from('type=EOE \n'), count + 1)
  plugin.queue.ledger.in++
  plugin.queue.dropTooLong(4)
  const dropped = { dropped: 3, 'dropped.queue-full': 2, 'dropped.too-long': 1 }
  t.same(ledgerOf(plugin), { ...fresh, in: 4, queued: 1, ...dropped, balanced: true })
  plugin.queue.ledger.in++
  t.match(ledgerOf(plugin), { balanced: false }, 'a record that nobody accounts for is seen')
  t.end()
})

void test('what came in', (t) => {
  const counters = {
    frames: 1,
    lines: 20,
    bytes: 300,
    skippedBytes: 4,
    badHeaders: 5,
    resyncs: 6,
    damaged: 7,
    tornRecords: 8,
    tooLong: 9,
  }
  t.same(inputLedger('exact', counters), {
    format: 'exact',
    records: 21,
    bytes: 300,
    skippedBytes: 4,
    resyncs: 6,
    damaged: 7,
    torn: 8,
    tooLong: 9,
  })
  t.end()
})
