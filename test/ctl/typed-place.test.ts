import { test } from 'tap'
import { asTyped, ASKING_VERBS, READING_VERBS, typedPlace } from '../../src/ctl/typed-place.js'
import { status } from '../../src/ctl/status.js'
import { VERBS } from '../../src/ctl/verbs.js'
import { fakeDaemon, ok } from './fake-daemon.js'
import { fakeHost } from './fake-host.js'
import { STATUS } from '../control/some-daemon-status.js'

void test('a suggestion asks the daemon that was asked', (t) => {
  const dir = { 'config-dir': '/etc/my own' }
  t.equal(
    asTyped('audispctl logs x, then: audispctl start x', dir),
    "audispctl logs -c '/etc/my own' x, then: audispctl start -c '/etc/my own' x",
  )
  const both = { socket: '/run/$&.sock', 'config-dir': 'here' }
  t.equal(
    asTyped('audispctl check, then: audispctl enable NAME', both),
    "audispctl check -c here, then: audispctl enable -c here --socket '/run/$&.sock' NAME",
  )
  for (const text of [
    'audispctl(8)',
    'audispctl status --help',
    'audispctl install',
    'audispctl remote status',
    'audispctl logs-x',
  ]) {
    t.equal(asTyped(text, both), text, 'has no such option')
  }
  t.equal(asTyped('audispctl status', {}), 'audispctl status')
  t.end()
})

void test('of a verb that has failed, whatever else was typed', (t) => {
  t.same(typedPlace(['x', '--json', '-c', '/d', '--socket=/s', '--nonsense']), { socket: '/s', 'config-dir': '/d' })
  t.same(typedPlace(['-c']), { socket: undefined, 'config-dir': undefined })
  t.end()
})

void test('the verbs are those that have the options', async (t) => {
  const asking: string[] = []
  const reading: string[] = []
  for (const [verb, { load }] of VERBS) {
    // Which directory auditd shall pass on is another matter.
    if (verb === 'install') continue
    const { options, verbs } = await load()
    const all = options === undefined ? Object.entries(verbs ?? {}) : [['', options] as const]
    for (const [second, has] of all) {
      const name = `${verb} ${second}`.trim()
      if ('socket' in has && 'config-dir' in has) asking.push(name)
      else if ('config-dir' in has) reading.push(name)
    }
  }
  t.same(asking.toSorted(), ASKING_VERBS.toSorted())
  t.same(reading.toSorted(), READING_VERBS.toSorted())
})

void test('status says it, in JSON too', async (t) => {
  const { socket } = await fakeDaemon(t, () => [ok({ ...STATUS, phase: 'draining' })])
  const text = fakeHost('/')
  await status(['--socket', socket], text)
  t.match(text.printed().out, `audispctl status --socket ${socket} --watch`)
  const json = fakeHost('/')
  await status(['--socket', socket, '--json'], json)
  t.match(JSON.parse(json.printed().out), { findings: [{ mend: `audispctl status --socket ${socket} --watch` }] })
})
