// audispctl tap and top at a real daemon: a tap sees what passes and takes nothing from anybody, and whoever stops reading loses
// of that view alone.

import { spawn, type ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { frames, recordText, serialsIn, textOf } from './records.js'

const ESC = '\x1b'
const RECORD_BYTES = 250
/** Far more than the daemon, a socket and a pipe hold for somebody who does not read. */
const FLOOD = 30_000
/** Between records that are sent until somebody has seen one. */
const PAUSE_MS = 10

class Tap {
  readonly child: ChildProcess
  out = ''
  warned = ''
  exit: number | null | undefined

  constructor(t: Test, place: Place, args: readonly string[] = []) {
    const program = [process.execPath, resolve('build/src/ctl/main.js'), 'tap', '-c', place.dir, ...args]
    // The test runner puts itself into the environment of every child.
    this.child = spawn('/usr/bin/env', ['-i', ...program], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.setEncoding('latin1').on('data', (text: string) => (this.out += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.warned += text))
    this.child.on('close', (code) => (this.exit = code))
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** The serial of the last record that was shown. */
  get newest(): number {
    return Number(/:(\d+)\): [^\n]*\n$/.exec(this.out.slice(-1000))?.[1] ?? 0)
  }

  serials(): number[] {
    return serialsIn(Buffer.from(this.out, 'latin1')).serials
  }
}

async function open(t: Test): Promise<Daemon> {
  const place = new Place(t)
  place.settings(`self_events = no\ncontrol_socket = ${place.path('control.sock')}\n`)
  place.tee('all')
  const daemon = new Daemon(t, place)
  await daemon.running('all')
  await daemon.says(['control socket is open'])
  return daemon
}

void test('a tap sees what its selector asks for, and counts for nobody', async (t) => {
  const daemon = await open(t)
  const tap = new Tap(t, daemon.place, ['--limit', '3', 'type=USER_CMD'])
  let sent = 0
  const sendOne = async (): Promise<void> => {
    await daemon.write(frames(++sent, sent))
    await pause(PAUSE_MS)
  }
  await daemon.doUntil(() => tap.exit !== undefined, 'the tap has seen three', sendOne)
  t.equal(tap.exit, 0, tap.warned)
  const [first = 0] = tap.serials()
  t.equal(tap.out, textOf(first, first + 2).toString('latin1'))
  await daemon.finish()
  t.match(daemon.ledger('all'), { in: sent, delivered: sent, dropped: 0, balanced: true })
  t.ok(daemon.place.read('all').equals(textOf(1, sent)))
})

void test('a tap that stops reading loses of its own view alone, and knows how much', async (t) => {
  const daemon = await open(t)
  const tap = new Tap(t, daemon.place)
  let sent = 0
  const send = async (count: number): Promise<void> => {
    const from = sent + 1
    sent += count
    await daemon.write(frames(from, sent, RECORD_BYTES))
    await pause(PAUSE_MS)
  }
  await daemon.doUntil(
    () => tap.out !== '',
    'the tap sees something',
    () => send(1),
  )
  tap.child.stdout?.pause()
  await send(FLOOD)
  await daemon.ledgerWhen('all', ({ delivered }) => delivered === sent)
  t.ok(tap.newest < sent)
  tap.child.stdout?.resume()
  // As soon as there is room again, what comes is seen; and then nothing is missing any more.
  const flooded = sent
  await daemon.doUntil(
    () => tap.newest > flooded,
    'it sees again',
    () => send(1),
  )
  await daemon.until(() => tap.newest === sent, 'it sees the last')
  tap.child.kill('SIGINT')
  await daemon.until(() => tap.exit !== undefined, 'the tap ends')
  t.equal(tap.exit, 0)
  const [, shown = '', lost = ''] = /tap: ([\d,]+) records? shown, ([\d,]+) records? lost/.exec(tap.warned) ?? []
  const [shownCount, lostCount] = [shown, lost].map((text) => Number(text.replaceAll(',', '')))
  const serials = tap.serials()
  t.ok(lostCount !== undefined && lostCount > 0, tap.warned)
  t.equal(shownCount, serials.length)
  t.equal((shownCount ?? 0) + (lostCount ?? 0), sent - (serials[0] ?? 0) + 1, 'what is missing is told to the record')
  t.ok(
    serials.every((serial, at) => at === 0 || serial > (serials[at - 1] ?? 0)),
    'in order',
  )
  t.ok(tap.out.includes(`${recordText(sent, RECORD_BYTES)}\n`))
  await daemon.finish()
  t.match(daemon.ledger('all'), { in: sent, delivered: sent, dropped: 0 })
})

void test('top on a terminal, and the terminal as it was when it is ended by a signal', async (t) => {
  const daemon = await open(t)
  const command = `echo pid $$; exec ${process.execPath} ${resolve('build/src/ctl/main.js')} top --interval 0.2 -c ${daemon.place.dir}`
  const env = { TERM: 'xterm', SHELL: '/bin/sh', PATH: '/usr/bin:/bin' }
  const terminal = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], env })
  t.teardown(() => terminal.kill('SIGKILL'))
  let [seen, hasEnded] = ['', false]
  terminal.stdout.setEncoding('latin1').on('data', (text: string) => (seen += text))
  let exit: number | null = null
  terminal.on('close', (code) => {
    exit = code
    hasEnded = true
  })
  let sent = 0
  const sendOne = (): Promise<void> => daemon.write(frames(++sent, sent))
  await daemon.doUntil(
    () => seen.includes('USER_CMD'),
    'top shows types',
    async () => {
      await sendOne()
      terminal.stdin.write('t')
    },
  )
  process.kill(Number(/pid (\d+)/.exec(seen)?.[1]), 'SIGTERM')
  await daemon.until(() => hasEnded, 'top ends')
  t.equal(exit, 0)
  const [, drawn = ''] = seen.split(`${ESC}[?1049h`)
  const [before = '', behind] = drawn.split(`${ESC}[?1049l`)
  t.ok(before.includes(`${ESC}[Haudispd `) || before.includes(`${ESC}[H${ESC}[1maudispd `))
  t.match(behind, /audispd .*\r\n/, 'the last frame stays')
  t.notMatch(behind, `${ESC}[H`, 'and nothing draws over it')
})
