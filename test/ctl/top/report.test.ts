import { test } from 'tap'
import { Census } from '../../../src/ctl/top/census.js'
import { reportOf } from '../../../src/ctl/top/report.js'
import { PLUGIN, STATUS } from '../../control/some-daemon-status.js'

const BEFORE = { status: STATUS, atMs: 500 }

function after(seq: number, plugin: Partial<typeof PLUGIN> = {}, run = STATUS.run): typeof BEFORE {
  const input = { ...STATUS.input, bytes: STATUS.input.bytes + 100_000 }
  return { status: { ...STATUS, run, seq, input, plugins: [{ ...PLUGIN, ...plugin }] }, atMs: 2500 }
}

function census(records: number): Census {
  const lines = Array.from(
    { length: records },
    (_, at) => `type=USER_CMD msg=audit(1.000:${at}): auid=${at % 4} key="k"\n`,
  )
  const bytes = Buffer.from(lines.join(''))
  const taken = new Census()
  taken.take(bytes, 0, bytes.length)
  return taken
}

void test('rates between two looks, and shares of all records', (t) => {
  const grown = { in: 3200, delivered: 3000, droppedTotal: 20, flow: 'losing' as const }
  const report = reportOf(BEFORE, after(3200, grown), census(400), (auid) => `user${auid}`)
  t.match(report, {
    intervalMs: 2000,
    recordsPerSecond: 1000,
    bytesPerSecond: 50_000,
    upMs: 120_099,
    sample: { recordsPerSecond: 200, part: 0.2 },
  })
  t.match(report.plugins, [
    {
      name: 'syslog',
      state: 'losing',
      inPerSecond: 1000,
      deliveredPerSecond: 905,
      droppedPerSecond: 10,
      level: 'fail',
    },
  ])
  t.same(report.noise.key, [{ name: 'k', perSecond: 1000, share: 1 }], 'scaled to all that came')
  t.same(
    report.noise.auid.map(({ name, perSecond }) => `${name} ${perSecond}`),
    ['user0 250', 'user1 250', 'user2 250', 'user3 250'],
  )
  t.end()
})

void test('another run of the daemon has no rates yet, and who may not see records has no noise', (t) => {
  const report = reportOf(BEFORE, after(10_000, {}, 'another'), null, String)
  t.match(report, { recordsPerSecond: 0, bytesPerSecond: 0, sample: null, noise: { key: [] } })
  t.match(report.plugins, [{ inPerSecond: 0, state: 'running', level: 'ok' }])
  t.end()
})

void test('nothing comes: all of it was seen', (t) => {
  const report = reportOf(BEFORE, after(STATUS.seq), new Census(), String)
  t.same(report.sample, { recordsPerSecond: 0, part: 1 })
  t.same(report.noise, { key: [], exe: [], auid: [], type: [] })
  t.end()
})
