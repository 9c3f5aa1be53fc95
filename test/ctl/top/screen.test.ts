import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { ControlError } from '../../../src/control/control-error.js'
import { reportOf, type TopReport } from '../../../src/ctl/top/report.js'
import { runScreen } from '../../../src/ctl/top/screen.js'
import { STATUS } from '../../control/some-daemon-status.js'
import { fakeHost, type FakeHost } from '../fake-host.js'
import { fakeLive, type FakeLive } from '../live-fakes.js'

const LOOK = { status: STATUS, atMs: 0 }
const ALTERNATE = '\x1b[?1049h'
const BACK = '\x1b[?7h\x1b[?25h\x1b[?1049l'

interface Stage {
  readonly ended: Promise<number>
  readonly host: FakeHost
  readonly live: FakeLive
  readonly press: (key: string) => void
  readonly isListening: () => boolean
}

function open(next: () => Promise<TopReport> = () => Promise.resolve(reportOf(LOOK, LOOK, null, String))): Stage {
  let listener: ((key: string) => void) | undefined
  const terminal = {
    size: () => ({ columns: 80, rows: 24 }),
    onKey: (given: (key: string) => void) => {
      listener = given
      return () => (listener = undefined)
    },
  }
  const host = fakeHost('/', { terminal })
  const live = fakeLive()
  const ended = runScreen({ next, host, terminal, world: live, intervalMs: 1000, table: 'key', sort: 'name' })
  return { ended, host, live, press: (key) => listener?.(key), isListening: () => listener !== undefined }
}

async function settle(): Promise<void> {
  for (let count = 0; count < 10; count++) await turn()
}

void test('frames until somebody quits, and the terminal as it was', async (t) => {
  for (const key of ['q', '\x03', '\x1b']) {
    const { ended, host, live, press, isListening } = open()
    await settle()
    live.pass(1000)
    await settle()
    press('s')
    await settle()
    press(key)
    t.equal(await ended, 0)
    const { out } = host.printed()
    t.ok(out.startsWith(ALTERNATE))
    t.match(out, 'audispd 0.1.0, pid 4000')
    t.match(out, 's sort: in')
    t.ok(out.indexOf(BACK) > 0 && out.slice(out.indexOf(BACK)).includes('audispd 0.1.0'), 'the last frame stays')
    t.notOk(isListening())
  }
})

void test('keys that are none do nothing', async (t) => {
  const { ended, host, live, press } = open()
  live.pass(1000)
  for (const key of ['\x1b[A', 'x', '\t', 't']) press(key)
  await settle()
  press('q')
  t.equal(await ended, 0)
  t.match(host.printed().out, 'who makes the noise')
})

void test('a daemon that goes is told, and looked for', async (t) => {
  let isThere = false
  const { ended, host, live, press } = open(() =>
    isThere
      ? Promise.resolve(reportOf(LOOK, LOOK, null, String))
      : Promise.reject(new ControlError('not-running', 'nobody', 'start it')),
  )
  live.pass(1000)
  await settle()
  t.match(host.printed().out, 'audispd does not answer; trying again: nobody')
  isThere = true
  live.pass(1000)
  await settle()
  t.match(host.printed().out, 'pid 4000')
  press('q')
  t.equal(await ended, 0)
})

void test('a bug ends it, and the terminal is put back all the same', async (t) => {
  const { ended, host, live, isListening } = open(() => Promise.reject(new TypeError('a bug')))
  live.pass(1000)
  await t.rejects(ended, { message: 'a bug' })
  t.match(host.printed().out, BACK)
  t.notOk(isListening())
})
