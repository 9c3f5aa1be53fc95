// The daemon as a unit with Type=notify: a real datagram socket, and the real systemd-notify.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon, until } from './daemon.js'
import { NO_INPUT } from './keeper.js'
import { Place } from './place.js'

const PYTHON = '/usr/bin/python3'
const NOTIFY = '/usr/bin/systemd-notify'
const PROGRAM = resolve('test/fixtures/processes/hears-datagrams.py')
const NSEC_PER_USEC = 1000n
const missing = [PYTHON, NOTIFY].filter((path) => !existsSync(path))
const skip = missing.length > 0 && `not installed: ${missing.join(', ')}`

/** The service manager's end. */
class Manager {
  readonly socket: string
  readonly #end: () => Promise<void>
  #text = ''

  constructor(test: Test, socket: string) {
    this.socket = socket
    const child = spawn(PYTHON, [PROGRAM, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
    })
    this.#end = async () => {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await exited
    }
    test.teardown(this.#end)
  }

  async end(): Promise<void> {
    await this.#end()
  }

  /** What came from the daemon, without what is there to wait for systemd-notify. */
  get heard(): string[] {
    const whole = this.#text.slice(0, this.#text.lastIndexOf('\n') + 1)
    return whole.split('\n').filter((line) => line !== '' && line !== 'listening' && !line.endsWith(' BARRIER=1'))
  }

  async listens(): Promise<void> {
    await until(
      () => this.#text.startsWith('listening'),
      () => 'it listens',
    )
  }

  /** Waits until something with `words` has come, `count` times. */
  async hears(words: string, count = 1): Promise<string[]> {
    const found = (): string[] => this.heard.filter((line) => line.includes(words))
    await until(
      () => found().length >= count,
      () => `${words}, ${count} times, in:\n${this.heard.join('\n')}`,
    )
    return found()
  }
}

void t.test('ready, alive, reloading, stopping', { skip }, async (test) => {
  const place = new Place(test)
  const manager = new Manager(test, place.path('notify'))
  await manager.listens()
  place.plugin('env', 'tells-its-environment.js', [place.path('env')])
  const env = { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '600000' }
  const daemon = new Daemon(test, place, { ...NO_INPUT, env })
  const [ready = ''] = await manager.hears(' READY=1')
  test.match(ready, / WATCHDOG=1 STATUS=\d of 1 plugins run, \d+ records\/s, nothing lost$/)
  if (process.getuid?.() === 0) test.ok(ready.startsWith(`${daemon.pid} `), 'it comes from the daemon itself')

  await manager.hears('WATCHDOG=1', 3)
  daemon.signal('SIGSTOP')
  const other = new Manager(test, place.path('other'))
  await other.listens()
  // By now what was under way has come; and many a time of the watchdog goes by while another one starts.
  const { length } = manager.heard
  const again = new Manager(test, place.path('again'))
  await again.listens()
  test.ok(manager.heard.length - length <= 1, 'whose loop stands still does not say that it lives')
  daemon.signal('SIGCONT')
  await manager.hears('WATCHDOG=1', manager.heard.length + 1)

  await until(
    () => place.size('env') > 0,
    () => 'the plugin has told its environment',
  )
  test.same(JSON.parse(readFileSync(place.path('env'), 'utf8')), {}, 'no child is to answer for the daemon')

  const before = process.hrtime.bigint() / NSEC_PER_USEC
  daemon.signal('SIGHUP')
  await manager.hears(' READY=1', 2)
  const [reloading = ''] = await manager.hears(' RELOADING=1')
  const usec = BigInt(/ MONOTONIC_USEC=(\d+)/.exec(reloading)?.[1] ?? '0')
  test.ok(usec >= before && usec <= process.hrtime.bigint() / NSEC_PER_USEC, 'by the clock of the machine')
  daemon.signal('SIGTERM')
  test.match(await daemon.ended(), { code: 0 })
  await manager.hears(' STOPPING=1')
  const order = manager.heard.map((line) => / (READY|RELOADING|STOPPING)=1/.exec(line)?.[1])
  test.same(order.filter(Boolean), ['READY', 'RELOADING', 'READY', 'STOPPING'])
})

void t.test('an abstract socket; and a manager that goes changes nothing', { skip }, async (test) => {
  const place = new Place(test)
  const manager = new Manager(test, `@${place.path('notify')}`)
  await manager.listens()
  place.tee('siem')
  const daemon = new Daemon(test, place, { ...NO_INPUT, env: { NOTIFY_SOCKET: manager.socket } })
  await manager.hears(' READY=1')
  await manager.end()
  daemon.signal('SIGHUP')
  await daemon.says(['the service manager could not be told', 'Connection refused'])
  daemon.signal('SIGTERM')
  test.match(await daemon.ended(), { code: 0 })
})
