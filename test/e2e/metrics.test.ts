// The metrics plugin under the real dispatcher, with plugins in several states.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { MAX_CONNECTIONS } from '../../plugins/metrics/scrape-server.js'
import { samplesIn } from '../plugins/metrics/metrics-text.js'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, textOf } from './records.js'

const POLL_MS = 50
const MAIN = resolve('build/plugins/metrics/main.js')

class Scene {
  readonly place: Place
  readonly daemon: Daemon

  constructor(test: Test, prepare: (place: Place) => void) {
    this.place = new Place(test)
    const lines = [`listen = ${this.socket}`, `textfile = ${this.place.path('audispd.prom')}`, 'interval = 1s', '']
    writeFileSync(this.place.path('metrics.conf'), lines.join('\n'))
    this.place.dropIn('metrics', [
      `path = ${process.execPath}`,
      `args = ${MAIN} ${this.place.path('metrics.conf')}`,
      'format = protocol',
      'subscribe = source=metrics',
      'restart_delay = 10ms..10ms',
    ])
    prepare(this.place)
    this.daemon = new Daemon(test, this.place)
  }

  get socket(): string {
    return this.place.path('metrics.sock')
  }

  /** The figures of the moment, by `name{labels}`. */
  async scrape(): Promise<Map<string, number>> {
    return new Promise((found, fail) => {
      request({ socketPath: this.socket, path: '/metrics' }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => {
          if (response.statusCode === 200) found(samplesIn(text))
          else fail(new Error(`${response.statusCode} ${text}`))
        })
      })
        .on('error', fail)
        .end()
    })
  }

  /** Scrapes until that is so. */
  async sees(what: string, isSo: (samples: Map<string, number>) => boolean): Promise<Map<string, number>> {
    let samples = new Map<string, number>()
    await this.daemon.doUntil(
      () => isSo(samples),
      what,
      async () => {
        await delay(POLL_MS)
        await this.daemon.until(() => existsSync(this.socket), 'it listens')
        samples = await this.scrape().catch(() => new Map<string, number>()) // It is started anew.
      },
    )
    return samples
  }
}

function stateOf(samples: Map<string, number>, plugin: string): string {
  const states = [...samples].filter(
    ([name, value]) => name.startsWith(`audispd_plugin_state{plugin="${plugin}"`) && value === 1,
  )
  return states.map(([name]) => /state="(\w+)"/.exec(name)?.[1]).join()
}

void t.test('plugins in several states, each with a ledger that balances', async (test) => {
  const of = new Scene(test, (place) => {
    place.tee('siem')
    place.plugin('late', 'reads-when-told.pl', [place.path('late')], ['q_depth = 5', 'subscribe = type=USER_CMD'])
    place.plugin('dead', 'dies-at-once.sh', ['3'], ['max_restarts = 1', 'restart_delay = 10ms..10ms'])
    writeFileSync(place.dropInPath('wrong'), 'active = perhaps\n')
  })
  const { daemon, place } = of
  await daemon.running('siem', 'late', 'metrics')
  await daemon.stopPlugin('siem')
  await daemon.says(['plugin=dead', 'failed'])
  await daemon.write(frames(1, 1500, 1000))
  const samples = await of.sees('all records', (seen) => seen.get('audispd_input_records_total') === 1500)
  test.equal(stateOf(samples, 'siem'), 'running')
  test.equal(stateOf(samples, 'dead'), 'failed')
  test.equal(samples.get('audispd_invalid_dropins'), 1)
  test.ok((samples.get('audispd_plugin_queued_records{plugin="siem"}') ?? 0) > 0)
  test.ok((samples.get('audispd_plugin_queued_bytes{plugin="siem"}') ?? 0) > 0)
  test.ok((samples.get('audispd_plugin_dropped_records_total{plugin="late",reason="queue-full"}') ?? 0) > 0)
  test.equal(samples.get('audispd_plugin_losing{plugin="late"}'), 1)
  test.equal(samples.get('audispd_plugin_filtered_records_total{plugin="metrics"}'), 1500, 'it wants none')
  for (const plugin of ['siem', 'late', 'dead', 'metrics']) {
    const sum = (name: string): number =>
      [...samples].reduce(
        (total, [key, value]) => (key.startsWith(`${name}{plugin="${plugin}"`) ? total + value : total),
        0,
      )
    const parts = ['delivered', 'filtered', 'dropped'].map((part) => sum(`audispd_plugin_${part}_records_total`))
    const queued = sum('audispd_plugin_queued_records')
    test.equal(
      sum('audispd_plugin_records_total'),
      parts.reduce((a, b) => a + b, queued),
      `${plugin}: ${parts.join()}, ${queued}`,
    )
    test.equal(samples.get(`audispd_plugin_ledger_balanced{plugin="${plugin}"}`), 1)
  }
  await daemon.until(() => place.size('audispd.prom') > 0, 'the text file')
  test.ok(readFileSync(place.path('audispd.prom'), 'utf8').includes('# TYPE audispd_plugin_records_total counter'))
  daemon.wakePlugin('siem')
  writeFileSync(place.path('late.go'), '')
  test.match(await daemon.finish(), { code: 0 })
  test.notOk(existsSync(place.path('audispd.prom')), 'what it says holds no longer')
})

void t.test('it is killed, and the figures go on; rude scrapers slow nobody', async (test) => {
  const of = new Scene(test, (place) => {
    place.tee('siem')
  })
  const { daemon } = of
  await daemon.running('siem', 'metrics')
  await daemon.write(frames(1, 100))
  await of.sees('the records', (seen) => seen.get('audispd_plugin_delivered_records_total{plugin="siem"}') === 100)
  const pid = daemon.pidOf('metrics')
  daemon.signalPlugin('metrics', 'SIGKILL')
  await daemon.runningAnew('metrics', pid)
  const samples = await of.sees(
    'them again',
    (seen) => seen.get('audispd_plugin_restarts_total{plugin="metrics"}') === 1,
  )
  test.equal(samples.get('audispd_plugin_delivered_records_total{plugin="siem"}'), 100)
  let refused = 0
  const rude = Array.from({ length: 2 * MAX_CONNECTIONS }, () => {
    const socket = connect(of.socket).on('error', () => {})
    // What the answer says may be lost, as it has sent something that is never read.
    socket.resume().on('close', () => refused++)
    socket.write('GET /metrics HTTP/1.1\r\nX-Slow: ')
    return socket
  })
  await daemon.write(frames(101, 2000))
  await daemon.has('siem', textOf(1, 2000).length)
  await daemon.until(() => refused >= MAX_CONNECTIONS, 'those beyond the bound have gone')
  for (const socket of rude) socket.destroy()
  await of.sees('how many', (seen) => (seen.get('audispd_metrics_refused_connections_total') ?? 0) >= MAX_CONNECTIONS)
  test.match(await daemon.finish(), { code: 0 })
})

void t.test('while a full queue holds the input up, that can be seen', async (test) => {
  const of = new Scene(test, (place) => {
    place.plugin('slow', 'reads-when-told.pl', [place.path('slow')], ['q_depth = 10', 'overflow_action = block'])
  })
  const { daemon, place } = of
  await daemon.running('slow', 'metrics')
  daemon.stdin.write(frames(1, 3000, 1000))
  const samples = await of.sees('the door shut', (seen) => seen.get('audispd_input_held') === 1)
  test.equal(stateOf(samples, 'slow'), 'running')
  writeFileSync(place.path('slow.go'), '')
  await of.sees('the door open', (seen) => seen.get('audispd_plugin_delivered_records_total{plugin="slow"}') === 3000)
  test.match(await daemon.finish(), { code: 0 })
})
