import { test } from 'tap'
import { CtlError } from '../../src/ctl/ctl-error.js'
import { tap } from '../../src/ctl/tap.js'
import { fakeHost } from './fake-host.js'
import { fakeLive, type FakeLive } from './live-fakes.js'

const AT = 'msg=audit(1795288154.099'
const OPEN = [
  `type=SYSCALL ${AT}:9315): arch=c000003e syscall=257 success=yes exit=3 auid=1000 uid=0 pid=7 comm="cat" exe="/usr/bin/cat" key="shadow"`,
  `type=PATH ${AT}:9315): item=0 name="/etc/shadow" nametype=NORMAL`,
  `type=PROCTITLE ${AT}:9315): proctitle="cat"`,
].map((line) => `${line}\n`)
const LOGIN = `type=USER_LOGIN ${AT}:9316): pid=8 uid=0 auid=0 ses=1 msg='op=login acct="root" res=success'\n`

async function run(
  args: readonly string[],
  play: (live: FakeLive) => void,
): Promise<{ exitStatus: number; out: string; warned: string; asked: string[][] }> {
  const host = fakeHost('/')
  const live = fakeLive()
  const running = tap(['--socket', '/run/control.sock', ...args], host, live)
  play(live)
  const exitStatus = await running
  return { exitStatus, ...host.printed(), asked: live.asked }
}

void test('records as they come, with what a terminal could obey escaped', async (t) => {
  const nasty = `type=USER ${AT}:1): \x1b]0;owned\x07 \x9b2J \u202e \x1dARCH=x86_64\n`
  const { exitStatus, out, warned, asked } = await run(['type=USER,SYSCALL', 'node=web1'], (live) => {
    live.send(nasty.slice(0, 40))
    live.send(`${nasty.slice(40)}{"lost":3}\n${OPEN[0]}`)
    live.hangUp()
  })
  t.same(asked, [['tap', 'type=USER,SYSCALL', 'node=web1']])
  t.equal(
    out,
    `type=USER ${AT}:1): \\x1b]0;owned\\x07 \\xc2\\x9b2J \\xe2\\x80\\xae  | ARCH=x86_64\n${OPEN[0]}`,
    'nothing but ASCII',
  )
  t.match(warned, '3 records missing here')
  t.match(warned, '2 records shown, 3 records lost in this view; audispd has closed the connection')
  t.equal(exitStatus, 1)
})

void test('a limit, a key and a login user', async (t) => {
  const all = [...OPEN, LOGIN].join('')
  const limited = await run(['--limit', '2'], (live) => live.send(all))
  t.equal(limited.out, `${OPEN[0]}${OPEN[1]}`)
  t.equal(limited.exitStatus, 0)
  const byKey = await run(['--key', 'shadow', '--limit', '1'], (live) => live.send(LOGIN + all))
  t.equal(byKey.out, OPEN[0])
  const byUser = await run(['--auid', 'root', '-n', '1'], (live) => live.send(all))
  t.equal(byUser.out, LOGIN)
})

void test('JSON, a record or a loss a line', async (t) => {
  const { out, warned } = await run(['--json', '-n', '2'], (live) => live.send(`${LOGIN}{"lost":5}\nno record\n`))
  const [login, lost, strange] = out
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  t.match(login, {
    time: '2026-11-21T19:09:14.099Z',
    serial: 9316,
    type: 'USER_LOGIN',
    fields: { acct: 'root', res: 'success' },
    text: LOGIN.trim(),
  })
  t.same(lost, { lost: 5 })
  t.same(strange, { text: 'no record' })
  t.notMatch(warned, 'missing here')
})

void test('events, of which one record is of the type', async (t) => {
  const { out, asked } = await run(['--event', 'type=PATH', 'node=web1', '-n', '1'], (live) => {
    live.send(LOGIN + OPEN.join(''))
  })
  t.same(asked, [['tap', 'node=web1']], 'whole events are needed')
  t.match(out, /#9315 SYSCALL openat ok auid=1000 uid=root pid=7 exe=\/usr\/bin\/cat path=\/etc\/shadow key=shadow\n$/)
})

void test('an event that no record ends is shown when its time is over', async (t) => {
  const { out, exitStatus } = await run(['--event', '--json', '-n', '1'], (live) => {
    live.send(OPEN[0] ?? '')
    setImmediate(() => live.pass(5000))
  })
  t.match(JSON.parse(out), { serial: 9315, incomplete: 'timeout', keys: ['shadow'] })
  t.equal(exitStatus, 0)
})

void test('the signal ends it well, and says the sum', async (t) => {
  const { exitStatus, warned } = await run([], (live) => {
    live.send(LOGIN)
    setImmediate(() => live.interrupt())
  })
  t.equal(exitStatus, 0)
  t.equal(warned, 'audispctl tap: 1 record shown, 0 records lost in this view\n')
})

void test('a reader that has stopped gets nothing more, and the signal still ends it', async (t) => {
  const host = { ...fakeHost('/'), drained: () => new Promise<boolean>(() => {}) }
  const live = fakeLive()
  let hasLetGo = false
  const running = tap(['--socket', '/s'], host, { ...live, letGo: () => (hasLetGo = true) })
  live.send(LOGIN)
  live.send(LOGIN)
  setImmediate(() => live.interrupt())
  t.equal(await running, 0)
  t.equal(host.printed().out, LOGIN)
  t.ok(hasLetGo)
})

void test('what makes no sense is refused before anybody is asked', async (t) => {
  const live = fakeLive()
  for (const args of [['type=NOSUCH'], ['--limit', '0'], ['--raw', '--json'], ['--auid', 'no such user'], ['type']]) {
    const refused = await tap(['--socket', '/s', ...args], fakeHost('/'), live).catch((error: unknown) => error)
    t.ok(refused instanceof CtlError && refused.code === 'usage', args.join(' '))
  }
  const terminal = { size: () => ({ columns: 80, rows: 24 }), onKey: () => () => {} }
  const raw = await tap(['--raw'], fakeHost('/', { terminal }), live).catch((error: unknown) => error)
  t.ok(raw instanceof CtlError && raw.code === 'usage', '--raw on a terminal')
  t.same(live.asked, [])
})
