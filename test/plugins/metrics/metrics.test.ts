// The plugin with a dispatcher in memory.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { DEFAULT_CONFIG, type MetricsConfig } from '../../../plugins/metrics/config.js'
import { metricsPlugin } from '../../../plugins/metrics/metrics.js'
import { Voice } from '../../../src/remote/voice.js'
import { CommandError, testPlugin, type TestCommand, type TestDispatcher } from '../../../src/sdk/index.js'
import { until } from '../../live/until.js'
import { HandClock } from '../remote-recv/hand-clock.js'
import { samplesIn } from './metrics-text.js'
import { dispatcherReport, pluginReport, programStatus, streamStatus } from './reports.js'

interface Scene {
  readonly dir: string
  readonly clock: HandClock
  readonly config: MetricsConfig
  readonly dispatcher: TestDispatcher
  /** What the next reload finds. */
  next: MetricsConfig
  said: string
}

function pageOf(seq: number): string {
  return JSON.stringify({ ...dispatcherReport({ seq, plugins: [pluginReport('siem')] }), next: null })
}

function scene(t: Test, answer: (command: TestCommand) => string | undefined): Scene {
  const dir = mkdtempSync(join(tmpdir(), 'metrics-'))
  const journal = join(dir, 'journal')
  mkdirSync(journal)
  const config: MetricsConfig = {
    ...DEFAULT_CONFIG,
    listen: { kind: 'unix', path: join(dir, 'metrics.sock') },
    textfile: join(dir, 'audispd.prom'),
    remoteDirs: [journal, join(dir, 'none')],
  }
  const clock = new HandClock()
  const voice = new Voice(clock, (line) => {
    of.said += line
  })
  const plugin = metricsPlugin(config, join(dir, 'metrics.conf'), () => ({ config: of.next, problems: [] }), voice, {
    clock,
    makeSocket: undefined,
  })
  const of: Scene = {
    dir,
    clock,
    config,
    next: config,
    said: '',
    dispatcher: testPlugin(plugin, { answer: (command) => (command.name === 'stats' ? answer(command) : '') }),
  }
  t.teardown(async () => {
    await of.dispatcher.stop()
    rmSync(dir, { recursive: true })
  })
  return of
}

async function scrape(socketPath: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/metrics' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text })
      })
    })
      .on('error', reject)
      .end()
  })
}

function fileIn({ dir }: Scene, name = 'audispd.prom'): string {
  return existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : ''
}

void test('it wants no record, and hands on what it is told', async (t) => {
  let seq = 0
  const of = scene(t, () => pageOf(++seq))
  writeFileSync(
    join(of.dir, 'journal', 'status.json'),
    JSON.stringify(programStatus({ streams: [streamStatus('web1')] })),
  )
  await until('the text file', () => fileIn(of) !== '')
  t.same(of.dispatcher.ready, [], 'it acknowledges nothing, as nothing comes')
  const { status, text } = await scrape(join(of.dir, 'metrics.sock'))
  t.equal(status, 200)
  t.same(samplesIn(text), samplesIn(fileIn(of)), 'both are of one collection')
  t.equal(samplesIn(text).get('audispd_records_total'), 1)
  t.match(text, /^audispd_remote_up\{program="remote-recv",dir="[^"]*\/journal"\} 0$/m)
  await of.clock.pass(of.config.intervalMs)
  await until('the next one', () => samplesIn(fileIn(of)).get('audispd_records_total') === 2)
  t.same(
    of.dispatcher.commands.map(({ name, args }) => [name, ...args]),
    [
      ['stats', 'from='],
      ['stats', 'from='],
    ],
  )
})

void test('at the end nothing of it stays', async (t) => {
  const of = scene(t, () => pageOf(1))
  await until('the text file', () => fileIn(of) !== '')
  t.equal(await of.dispatcher.stop(), 0)
  t.notOk(existsSync(join(of.dir, 'audispd.prom')))
  t.notOk(existsSync(join(of.dir, 'metrics.sock')))
})

void test('a dispatcher that refuses is told to the scraper', async (t) => {
  const of = scene(t, () => {
    throw new CommandError('failed', 'not now')
  })
  await until('it listens', () => existsSync(join(of.dir, 'metrics.sock')))
  const { status, text } = await scrape(join(of.dir, 'metrics.sock'))
  t.equal(status, 503)
  t.match(text, /^the dispatcher does not answer: .*not now/)
  t.equal(fileIn(of), '')
})

void test('an output that fails is told once, counted, and tried again', async (t) => {
  const of = scene(t, () => pageOf(1))
  await until('the text file', () => fileIn(of) !== '')
  of.next = { ...of.config, textfile: join(of.dir, 'later', 'audispd.prom') }
  of.dispatcher.signal('SIGHUP')
  const failed = (): number =>
    samplesIn(fileIn(of, 'count')).get('audispd_metrics_failed_writes_total{output="textfile"}') ?? 0
  await until('it has been read again', () => notices(of).some((text) => text.includes('an output cannot be written')))
  t.notOk(existsSync(join(of.dir, 'audispd.prom')), 'the old one is gone')
  await of.clock.pass(of.config.intervalMs)
  await of.clock.pass(of.config.intervalMs)
  writeFileSync(join(of.dir, 'count'), (await scrape(join(of.dir, 'metrics.sock'))).text)
  t.ok(failed() >= 1)
  mkdirSync(join(of.dir, 'later'))
  await until('it works again', () => {
    void of.clock.pass(of.config.intervalMs)
    return of.said.includes('an output works again') && fileIn(of, 'later/audispd.prom') !== ''
  })
  t.equal(notices(of).filter((text) => text.includes('an output cannot be written')).length, 1)
})

void test('a reload that changes nothing interrupts nothing', async (t) => {
  const of = scene(t, () => pageOf(1))
  await until('the text file', () => fileIn(of) !== '')
  rmSync(join(of.dir, 'metrics.sock'))
  of.dispatcher.signal('SIGHUP')
  await of.dispatcher.stop()
  t.notMatch(of.said, /the configuration was read again/)
})

function notices({ dispatcher }: Scene): string[] {
  return dispatcher.commands.filter(({ name }) => name === 'notify').map(({ args }) => args.join(' '))
}
