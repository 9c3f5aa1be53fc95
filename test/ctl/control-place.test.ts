import { test } from 'tap'
import { ControlError } from '../../src/control/control-error.js'
import { controlFailure, controlSocket, openControl, withControl } from '../../src/ctl/control-place.js'
import { fakeDaemon, ok } from './fake-daemon.js'

void test('the socket is as given, or as the configuration has it', (t) => {
  t.equal(controlSocket({ socket: '/x.sock', 'config-dir': '/none' }), '/x.sock')
  const dir = t.testdir({ 'audispd.conf': 'control_socket = /run/other.sock\nq_dpth = 3\n' })
  t.equal(controlSocket({ 'config-dir': dir }), '/run/other.sock', 'a mistake elsewhere is no matter')
  t.equal(controlSocket({ 'config-dir': t.testdir({ 'audispd.conf': '' }) }), '/run/audispd/control.sock')
  t.end()
})

void test('no daemon is asked where it is not known which', (t) => {
  const dir = t.testdir({ wrong: { 'audispd.conf': 'control_socket = run\n' }, none: { 'audispd.conf': {} } })
  t.throws(() => controlSocket({ 'config-dir': `${dir}/wrong` }), { code: 'config', message: /:1: control_socket: / })
  t.throws(() => controlSocket({ 'config-dir': `${dir}/nowhere` }), {
    code: 'usage',
    message: /nowhere: there is neither audispd\.conf/,
  })
  t.throws(() => controlSocket({ 'config-dir': `${dir}/none` }), { code: 'config', message: /not a regular file/ })
  t.end()
})

void test('what refusals mean', (t) => {
  const failure = (code: ControlError['code']) => controlFailure('/s', new ControlError(code, 'why', 'mend it'))
  t.match(failure('not-running'), {
    code: 'not-running',
    problems: [{ message: 'audispd does not answer on /s', mend: /audispctl doctor/ }],
  })
  t.match(failure('not-permitted'), {
    code: 'denied',
    problems: [{ message: '/s: permission denied', mend: 'mend it' }],
  })
  t.match(failure('denied'), { code: 'denied', problems: [{ message: 'why', mend: 'mend it' }] })
  for (const code of ['usage', 'unknown-verb', 'no-such-plugin', 'too-long'] as const)
    t.equal(failure(code).code, 'usage')
  for (const code of ['busy', 'timeout', 'closed', 'bad-answer'] as const) t.equal(failure(code).code, 'system')
  t.equal(failure('state').code, 'failed')
  t.end()
})

void test('a daemon is asked, and what is no refusal stays what it is', async (t) => {
  const { socket } = await fakeDaemon(t, () => [ok('pong')])
  t.equal(await withControl({ socket }, (client) => client.ask(['ping'])), 'pong')
  t.equal((await openControl(socket)).close(), undefined)
  await t.rejects(
    withControl({ socket }, () => Promise.reject(new TypeError('a bug'))),
    { name: 'TypeError' },
  )
  await t.rejects(
    withControl({ socket }, (client) => client.ask(['a\nb'])),
    { code: 'usage' },
  )
})
