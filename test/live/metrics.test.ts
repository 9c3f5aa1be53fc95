// The real Prometheus scrapes the plugin, has the rules of contrib, and sees a plugin fail; statsd and graphite have real listeners.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { dashboardExpressions, RULES, RULES_TEST, rulesTexts } from '../plugins/metrics/contrib-files.js'
import { sendToStatsd } from '../../plugins/metrics/statsd.js'
import { fields, list, text, type Shape } from '../../src/config/json-shape.js'
import { loadUnixDatagram } from '../../src/unix-datagram.js'
import { freePort } from '../free-port.js'
import { ENVIRONMENT, missingPrograms } from './kernel.js'
import { OurDaemon } from './our-daemon.js'
import { keysAndValues, Scene } from './scene.js'
import { until } from './until.js'

const PROGRAM = resolve('build/bin/audispd-metrics')
const MANY = 100_000
const PATIENCE_MS = 60_000
const POLL_MS = 100
const words = text(MANY)

const skip =
  process.getuid?.() === 0 ? missingPrograms('prometheus', 'promtool', 'socat') : 'only root is believed by root'

async function get(port: number, path: string): Promise<string> {
  return new Promise((found, fail) => {
    request({ host: '127.0.0.1', port, path }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) found(body)
        else fail(new Error(`${path}: ${response.statusCode}: ${body}`))
      })
    })
      .on('error', fail)
      .end()
  })
}

/** Of the answer of Prometheus to one of its API's questions. */
async function ask<T>(port: number, path: string, shape: Shape<T>): Promise<T> {
  const answer = fields({ data: shape })(JSON.parse(await get(port, `/api/v1/${path}`)))
  if (answer === undefined) throw new Error(`${path}: not what was expected`)
  return answer.data
}

const vector = fields({ result: list(fields({ value: (value) => (Array.isArray(value) ? value : undefined) }), MANY) })
const targets = fields({ activeTargets: list(fields({ health: words, lastError: words }), MANY) })
const alerts = fields({ alerts: list(fields({ state: words, labels: fields({ alertname: words }) }), MANY) })
const groups = fields({ groups: list(fields({ rules: list(fields({ name: words, health: words }), MANY) }), MANY) })

/** What a query comes to; NaN when there is nothing. */
async function valueOf(port: number, query: string): Promise<number> {
  const { result } = await ask(port, `query?query=${encodeURIComponent(query)}`, vector)
  return Number(result[0]?.value[1] ?? Number.NaN)
}

/** Asks again and again, as Prometheus scrapes every second. */
async function sees(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  for (let why = ''; ;) {
    try {
      if (await isSo()) return
      why = 'it is not so'
    } catch (error) {
      // ECONNREFUSED: it does not listen yet.
      why = String(error)
    }
    if (performance.now() > endMs) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}: ${why}`)
    await pause(POLL_MS)
  }
}

/** Starts a program that ends with the test, with what it prints in a file of the scene. */
function start(test: Test, scene: Scene, name: string, command: string, args: readonly string[]): void {
  const child = spawn('/bin/sh', ['-c', 'exec "$@" >>"$0" 2>&1', scene.path(name), command, ...args], {
    env: ENVIRONMENT,
    stdio: 'ignore',
  })
  test.teardown(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
}

function metricsPlugin(scene: Scene, lines: Readonly<Record<string, string>>): void {
  scene.write('metrics.conf', keysAndValues({ interval: '1s', host_name: 'web1.example.org', ...lines }))
  const keys = { active: 'yes', path: PROGRAM, args: scene.path('metrics.conf'), format: 'protocol' }
  scene.dropIn('metrics', keysAndValues({ ...keys, subscribe: 'source=metrics' }))
}

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { env: ENVIRONMENT, encoding: 'utf8' })
  return status === 0 ? '' : `${stdout}${stderr}`
}

void t.test('promtool finds nothing wrong with the rules, and sees each alert fire', { skip }, (test) => {
  test.equal(promtool('check', 'rules', RULES), '')
  test.equal(promtool('test', 'rules', RULES_TEST), '')
  test.end()
})

void t.test('Prometheus scrapes, and a plugin that fails is an alert', { skip, timeout: 120_000 }, async (test) => {
  const scene = new Scene(test)
  const port = await freePort()
  const textfile = scene.path('audispd.prom')
  metricsPlugin(scene, { listen: `127.0.0.1:${port}`, textfile })
  scene.dropIn('siem', keysAndValues({ active: 'yes', path: '/bin/cat' }))
  scene.settings('restart_delay = 10ms..10ms\nmax_restarts = 1\n')
  const daemon = OurDaemon.start(test, scene)
  daemon.feed('type=USER msg=audit(1700000000.001:1): text\n'.repeat(5))

  const web = await freePort()
  const prometheus = [
    'global: { scrape_interval: 1s, evaluation_interval: 1s }',
    `rule_files: ['${resolve(RULES)}']`,
    'scrape_configs:',
    '  - job_name: audispd',
    `    static_configs: [{ targets: ['127.0.0.1:${port}'] }]`,
    '',
  ].join('\n')
  writeFileSync(scene.path('prometheus.yml'), prometheus)
  test.equal(promtool('check', 'config', scene.path('prometheus.yml')), '')
  const listens = `--web.listen-address=127.0.0.1:${web}`
  const files = [`--config.file=${scene.path('prometheus.yml')}`, `--storage.tsdb.path=${scene.path('tsdb')}`]
  start(test, scene, 'prometheus.log', 'prometheus', [listens, ...files])

  const delivered = 'audispd_plugin_delivered_records_total{plugin="siem"}'
  await sees('the records', async () => (await valueOf(web, delivered)) >= 5)
  // An answer that is not there within a second is none to Prometheus, until the next.
  await sees('one target that is up', async () => {
    const { activeTargets } = await ask(web, 'targets', targets)
    return activeTargets.length === 1 && activeTargets[0]?.health === 'up' && activeTargets[0].lastError === ''
  })
  for (const query of [
    'up{job="audispd"}',
    'audispd_plugin_state{plugin="siem",state="running"}',
    'count(audispd_info)',
  ])
    await sees(`1 for ${query}`, async () => (await valueOf(web, query)) === 1)

  await until('the text file', () => scene.read('audispd.prom') !== '')
  const input = scene.read('audispd.prom')
  const checked = spawnSync('promtool', ['check', 'metrics'], { env: ENVIRONMENT, encoding: 'utf8', input })
  test.equal(checked.stdout + checked.stderr, '', 'what node_exporter would hand on has no fault')

  for (const expression of [...dashboardExpressions(), ...rulesTexts('expr')]) {
    const plain = expression.replace(/^'(.*)'$/, '$1')
    await test.resolves(ask(web, `query?query=${encodeURIComponent(plain)}`, vector), plain)
  }
  await sees('the rules', async () => {
    const { groups: all } = await ask(web, 'rules', groups)
    return all.flatMap(({ rules }) => rules).every(({ health }) => health === 'ok')
  })

  scene.dropIn('dead', keysAndValues({ active: 'yes', path: '/bin/false' }))
  daemon.signal('SIGHUP')
  await sees('the alert', async () => {
    const { alerts: all } = await ask(web, 'alerts', alerts)
    return all.some(({ state, labels }) => state === 'firing' && labels.alertname === 'AudispdPluginFailed')
  })
  const { alerts: all } = await ask(web, 'alerts', alerts)
  const firing = all.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname)
  test.same(new Set(firing).has('AudispdDown'), false)
  test.equal(await daemon.end(), 0)
  await sees('the end', async () => (await valueOf(web, 'up{job="audispd"}')) === 0)
})

void t.test('statsd and graphite have what Prometheus would have', { skip }, async (test) => {
  const scene = new Scene(test)
  const [statsd, graphite] = [await freePort(), await freePort()]
  start(test, scene, 'statsd.err', 'socat', [
    '-u',
    `UDP-RECV:${statsd},bind=127.0.0.1`,
    `CREATE:${scene.path('statsd')}`,
  ])
  start(test, scene, 'graphite.err', 'socat', [
    '-u',
    `TCP-LISTEN:${graphite},bind=127.0.0.1,reuseaddr,fork`,
    `OPEN:${scene.path('graphite')},creat,append`,
  ])
  metricsPlugin(scene, { statsd: `udp://127.0.0.1:${statsd}`, graphite: `tcp://127.0.0.1:${graphite}` })
  scene.dropIn('siem', keysAndValues({ active: 'yes', path: '/bin/cat' }))
  const daemon = OurDaemon.start(test, scene)
  const root = 'security.audispd.web1_example_org'
  await until(
    'the first figures',
    () => scene.read('graphite').includes(`${root}.plugin_state.siem.running 1 `),
    PATIENCE_MS,
  )
  await until('statsd', () => scene.read('statsd') !== '', PATIENCE_MS)
  daemon.feed('type=USER msg=audit(1700000000.001:1): text\n'.repeat(7))
  const counted = (): number =>
    [...scene.read('statsd').matchAll(/\.plugin_delivered_records_total\.siem:(\d+)\|c/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    )
  const last = (name: string): number =>
    Number([...scene.read('graphite').matchAll(new RegExp(`^${root}\\.${name} (\\S+) \\d+$`, 'gm'))].at(-1)?.[1])
  await until('graphite', () => last('plugin_delivered_records_total\\.siem') >= 7, PATIENCE_MS)
  await until(
    () => `statsd: ${counted()}`,
    () => counted() >= 7,
    PATIENCE_MS,
  )
  const lines = scene.read('graphite').split('\n').slice(0, -1)
  const isLine = /^security\.audispd\.web1_example_org(?:\.[A-Za-z0-9_-]+)+ \d+(?:\.\d+)?(?:e[+-]\d+)? \d{10}$/
  test.same(
    lines.filter((line) => !isLine.test(line)),
    [],
  )
  test.match(scene.read('statsd'), new RegExp(`^${root}\\.plugin_queued_records\\.siem:\\d+\\|g$`, 'm'))
  test.equal(await daemon.end(), 0)
  test.equal(readFileSync(scene.path('statsd.err'), 'utf8').includes('error'), false)
})

void t.test('statsd on a socket of this machine', { skip }, async (test) => {
  const makeSocket = await loadUnixDatagram()
  if (makeSocket === undefined) return test.comment('unix-dgram could not be built here')
  const scene = new Scene(test)
  const path = scene.path('statsd.sock')
  const lines = Array.from({ length: 20_000 }, (_, at) => `security.audispd.web1.name.${at}:${at}|g`)
  await test.rejects(sendToStatsd({ kind: 'unix', path }, lines, makeSocket), 'nobody is there')
  start(test, scene, 'statsd.err', 'socat', ['-u', `UNIX-RECV:${path}`, `CREATE:${scene.path('statsd')}`])
  await until('socat', () => existsSync(path))
  await sendToStatsd({ kind: 'unix', path }, lines, makeSocket)
  // Datagrams follow one another without anything between.
  const isAll = (): boolean => scene.read('statsd').split('security.').length - 1 === lines.length
  await until('all of them', isAll)
  test.match(scene.read('statsd'), /^security\.audispd\.web1\.name\.0:0\|g\nsecurity\.audispd\.web1\.name\.1:1\|g\n/)
})
