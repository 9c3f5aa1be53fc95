import { test } from 'tap'
import { CtlError } from '../../src/ctl/ctl-error.js'
import { top } from '../../src/ctl/top.js'
import { STATUS } from '../control/some-daemon-status.js'
import { fakeHost } from './fake-host.js'
import { fakeLive } from './live-fakes.js'

void test('one frame for a script', async (t) => {
  const host = fakeHost('/')
  let seq = STATUS.seq
  const live = fakeLive(() => ({ ...STATUS, seq: (seq += 500) }))
  const running = top(['--socket', '/s', '--once', '--json', '--by', 'exe'], host, live)
  live.send('type=USER_CMD msg=audit(1.000:7): exe="/usr/bin/sudo"\n')
  setImmediate(() => live.pass(1000))
  t.equal(await running, 0)
  t.match(JSON.parse(host.printed().out), {
    verb: 'top',
    recordsPerSecond: 500,
    plugins: [{ name: 'syslog' }],
    noise: { exe: [{ name: '/usr/bin/sudo', perSecond: 500, share: 1 }] },
  })
})

void test('frames without a terminal, until the signal', async (t) => {
  const host = fakeHost('/')
  const live = fakeLive(() => STATUS)
  const running = top(['--socket', '/s'], host, live)
  for (let frame = 0; frame < 3; frame++) {
    await new Promise((resolve) => setImmediate(resolve))
    live.pass(1000)
  }
  await new Promise((resolve) => setImmediate(resolve))
  live.interrupt()
  t.equal(await running, 0)
  const { out } = host.printed()
  t.ok(out.split('who makes the noise').length > 2, 'several')
  t.notMatch(out, '\x1b', 'no escape sequences')
})

void test('what makes no sense is refused', async (t) => {
  for (const args of [['--interval', '0'], ['--by', 'pid'], ['--sort', 'color'], ['extra']]) {
    const refused = await top(args, fakeHost('/'), fakeLive()).catch((error: unknown) => error)
    t.ok(refused instanceof CtlError && refused.code === 'usage', args.join(' '))
  }
})
