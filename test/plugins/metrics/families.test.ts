import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { addDispatcher, MAX_PLUGINS, REASONS, STATES } from '../../../plugins/metrics/dispatcher-families.js'
import { askDispatcher } from '../../../plugins/metrics/dispatcher-report.js'
import { CONTENT_TYPE, expositionOf } from '../../../plugins/metrics/exposition.js'
import { Families } from '../../../plugins/metrics/metric.js'
import { OwnCounts } from '../../../plugins/metrics/own-counts.js'
import { OWN } from '../../../plugins/metrics/own-metrics.js'
import { addRemote } from '../../../plugins/metrics/remote-families.js'
import { TABLE } from '../../../plugins/metrics/table.js'
import { DROP_REASONS } from '../../../src/dispatcher/ledger.js'
import { samplesIn } from './metrics-text.js'
import { dispatcherReport, pluginReport, programStatus, streamStatus } from './reports.js'

const MAX_STREAMS = 3

/** One of everything that there is. */
function everything(): Families {
  const families = new Families()
  addDispatcher(
    families,
    dispatcherReport({
      serials: { nodes: [{ node: 'web1', missing: 3, pending: 1, restarts: 2 }], more: 0, untracked: 5 },
      lastReload: { at: '2026-11-21T20:00:00.000Z', ok: false },
      plugins: [
        pluginReport('siem', {
          state: 'backoff',
          in: 10,
          delivered: 4,
          filtered: 1,
          dropped: { 'queue-full': 3 },
          queued: 2,
          queuedBytes: 400,
          lagMs: 1234,
          flow: 'losing',
          stalled: true,
          sent: { taken: 7, bad: 1, unsettled: 2 },
          commands: { taken: 5, refused: 1, notified: 2 },
        }),
      ],
    }),
  )
  const certificate = { name: 'web1', endMs: 1_800_000_000_000 }
  const streams = [streamStatus('web1', { certificate }), streamStatus('web2', { state: 'down' })]
  const refused = [{ reason: 'not-allowed', count: 4 }]
  addRemote(families, [{ status: programStatus({ streams, refused }), isRunning: true }], MAX_STREAMS)
  new OwnCounts().addTo(families)
  families.add(OWN.scrape, 0.25)
  return families
}

void test('each metric of the table is exported, and no other', async (t) => {
  const exported = everything().all()
  t.same(new Set(exported.map(({ metric }) => metric.name)), new Set(TABLE.map(({ name }) => name)))
  for (const { metric, samples } of exported)
    for (const { labels } of samples) t.equal(labels.length, metric.labels.length, metric.name)
})

void test('the table in the docs is that of the program', (t) => {
  const rows = readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `audispd_'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name, type, labels, unit, help]) => [name, type, labels, unit, help])
  t.same(
    rows,
    TABLE.map(({ name, type, labels, unit, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      unit,
      help,
    ]),
  )
  t.end()
})

void test('names and units follow the conventions', (t) => {
  for (const { name, type, unit, help } of TABLE) {
    t.match(name, /^audispd_[a-z_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: a counter says so`)
    if (unit === 'seconds' || unit === 'bytes') t.match(name, new RegExp(`_${unit}(_total)?$`))
    t.match(help, /^[A-Z0-9a-z].*\.$/)
    t.notMatch(help, /\|/, 'it stands in a table')
  }
  t.equal(new Set(TABLE.map(({ name }) => name)).size, TABLE.length)
  t.end()
})

void test('figures of a plugin', async (t) => {
  const samples = samplesIn(await expositionOf(everything().all(), 'openmetrics'))
  for (const [line, value] of Object.entries({
    'audispd_info{version="1.2.3"}': 1,
    audispd_start_time_seconds: 1_795_288_154.099,
    audispd_records_total: 42,
    audispd_last_reload_successful: 0,
    'audispd_serials_missing{node="web1"}': 3,
    'audispd_plugin_state{plugin="siem",state="backoff"}': 1,
    'audispd_plugin_state{plugin="siem",state="running"}': 0,
    'audispd_plugin_records_total{plugin="siem"}': 10,
    'audispd_plugin_dropped_records_total{plugin="siem",reason="queue-full"}': 3,
    'audispd_plugin_dropped_records_total{plugin="siem",reason="poison"}': 0,
    'audispd_plugin_lag_seconds{plugin="siem"}': 1.234,
    'audispd_plugin_losing{plugin="siem"}': 1,
    'audispd_plugin_suspended{plugin="siem"}': 0,
    'audispd_plugin_sent_records_total{plugin="siem"}': 7,
    'audispd_plugin_notices_total{plugin="siem"}': 2,
  }))
    t.equal(samples.get(line), value, line)
  t.same(
    STATES.filter((state) => !samples.has(`audispd_plugin_state{plugin="siem",state="${state}"}`)),
    [],
  )
  t.same(REASONS, DROP_REASONS, 'all reasons are listed from the start')
})

void test('figures of the remote pair', async (t) => {
  const text = await expositionOf(everything().all(), 'openmetrics')
  const samples = samplesIn(text)
  const program = 'program="remote-recv",dir="/var/lib/audispd/remote-recv"'
  const web1 = 'program="remote-recv",principal="web1",stream="of-web1"'
  for (const [line, value] of Object.entries({
    [`audispd_remote_up{${program}}`]: 1,
    [`audispd_remote_senders{${program}}`]: 2,
    [`audispd_remote_senders_connected{${program}}`]: 1,
    [`audispd_remote_hand_over_lag_records{${program}}`]: 30,
    [`audispd_remote_disk_state{${program},state="ok"}`]: 1,
    [`audispd_remote_disk_state{${program},state="full"}`]: 0,
    [`audispd_remote_certificate_end_timestamp_seconds{${program}}`]: 1_800_000_000,
    [`audispd_remote_refused_connections_total{${program},reason="not-allowed"}`]: 4,
    [`audispd_remote_stream_up{${web1}}`]: 1,
    [`audispd_remote_stream_lag_seconds{${web1}}`]: 1.5,
    [`audispd_remote_stream_acknowledged_records_total{${web1}}`]: 80,
  }))
    t.equal(samples.get(line), value, line)
})

void test('a program that is gone has no sender, whatever it wrote last', async (t) => {
  const families = new Families()
  addRemote(families, [{ status: programStatus({ streams: [streamStatus('web1')] }), isRunning: false }], MAX_STREAMS)
  const text = await expositionOf(families.all(), 'openmetrics')
  t.match(text, /^audispd_remote_up\{.*\} 0$/m)
  t.match(text, /^audispd_remote_senders_connected\{.*\} 0$/m)
  t.match(text, /^audispd_remote_stream_up\{.*\} 0$/m)
})

void test('labels are bounded', async (t) => {
  const families = new Families()
  const plugins = Array.from({ length: MAX_PLUGINS + 5 }, (_, at) => pluginReport(`p${at}`))
  addDispatcher(families, dispatcherReport({ plugins }))
  const streams = [
    streamStatus('gone', { state: 'down', sinceMs: 2 }),
    ...[1, 2, 3].map((at) => streamStatus(`up${at}`)),
    streamStatus('older', { state: 'down', sinceMs: 1 }),
  ]
  const status = programStatus({ streams, more: 10, dir: `/${'x'.repeat(4000)}` })
  addRemote(families, [{ status, isRunning: true }], MAX_STREAMS)
  const samples = samplesIn(await expositionOf(families.all(), 'openmetrics'))
  const names = [...samples.keys()]
  t.equal(names.filter((name) => name.startsWith('audispd_plugin_lag_seconds{')).length, MAX_PLUGINS)
  t.equal(samples.get('audispd_plugins_more'), 5)
  t.same(
    names
      .filter((name) => name.startsWith('audispd_remote_stream_up{'))
      .map((name) => /principal="(\w+)"/.exec(name)?.[1]),
    ['up1', 'up2', 'up3'],
    'those that are connected come first',
  )
  t.equal(samples.get(names.find((name) => name.startsWith('audispd_remote_streams_more{')) ?? ''), 12)
  t.ok(Math.max(...names.map(({ length }) => length)) < 500)
})

void test('hostile names are data', async (t) => {
  const families = new Families()
  const principal = 'a"} 1\n\u001b]0;x\u0007# EOF\n\\'
  addRemote(families, [{ status: programStatus({ streams: [streamStatus(principal)] }), isRunning: true }], MAX_STREAMS)
  const text = await expositionOf(families.all(), 'openmetrics')
  t.notOk(text.includes('\u001b') || text.includes('\u0007'))
  t.equal(text.split('\n').filter((line) => line === '# EOF').length, 1)
  t.match(text, /principal="a\\"} 1\\\\x0a\\\\x1b/)
})

void test('both texts have the same figures', async (t) => {
  const families = everything().all()
  const openmetrics = await expositionOf(families, 'openmetrics')
  const prometheus = await expositionOf(families, 'prometheus')
  t.same(samplesIn(prometheus), samplesIn(openmetrics))
  t.ok(openmetrics.endsWith('# EOF\n'))
  t.match(openmetrics, /^# TYPE audispd_records counter$/m)
  t.match(prometheus, /^# TYPE audispd_records_total counter$/m)
  t.match(CONTENT_TYPE.openmetrics, /^application\/openmetrics-text; version=1\.0\.0/)
})

void test('the dispatcher is asked page by page', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const asked: string[] = []
  const answer = (from: string): object => {
    const at = names.findIndex((name) => name >= from)
    const plugins = names.slice(at, at + 2).map((name) => pluginReport(name))
    return { ...dispatcherReport({ plugins }), next: names[at + 2] ?? null }
  }
  const report = await askDispatcher(async (from) => {
    asked.push(from)
    return answer(from.replace('from=', ''))
  }, 1000)
  t.same(asked, ['from=', 'from=c', 'from=e'])
  t.same(
    report.plugins.map(({ name }) => name),
    names,
  )
  let times = 0
  const circle = async (): Promise<object> => {
    if (++times > 10) throw new Error('it asks for ever')
    return { ...dispatcherReport(), next: 'a' }
  }
  await t.rejects(askDispatcher(circle, 1000), { name: 'NoMetrics' })
  await t.rejects(
    askDispatcher(async () => ({ seq: 1 }), 1000),
    { name: 'NoMetrics' },
  )
})
