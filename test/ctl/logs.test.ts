import { test } from 'tap'
import { logs } from '../../src/ctl/logs.js'
import { logLineAsText } from '../../src/ctl/log-lines.js'
import { COLORED, PLAIN } from '../../src/ctl/paint.js'
import { END, fakeDaemon, ok } from './fake-daemon.js'
import { fakeHost } from './fake-host.js'

const AT = '2026-11-21T19:09:14.099Z'

function line(message: string, plugin: string | null = null) {
  return { at: AT, level: 'warn', message, plugin, fields: {} }
}

void test('one line for people, and nothing in it for the terminal', (t) => {
  const fields = { exitCode: 1, why: 'no route', evil: '\x1b[2J', nested: { a: [1] } }
  const said = { at: AT, level: 'error', message: 'plugin died\x07', plugin: 'siem', fields }
  t.equal(
    logLineAsText(said, PLAIN),
    `${AT} error siem: plugin died\\x07 exitCode=1 why="no route" evil=\\x1b[2J nested="{\\"a\\":[1]}"\n`,
  )
  t.equal(logLineAsText(line('oh'), PLAIN), `${AT} warn  oh\n`)
  t.equal(logLineAsText(line('oh'), COLORED), `\x1b[2m${AT}\x1b[0m \x1b[33mwarn \x1b[0m oh\n`)
  t.end()
})

void test('all lines that are kept, the last of them, or those of a plugin', async (t) => {
  const { socket, requests } = await fakeDaemon(t, () => [ok({ lines: [line('a'), line('b'), line('c', 'siem')] })])
  const host = fakeHost('/')
  t.equal(await logs(['--socket', socket], host), 0)
  t.equal(await logs(['siem', '-n', '1', '--socket', socket], host), 0)
  t.equal(await logs(['-n', '0', '--socket', socket], host), 0)
  t.same(requests, ['logs', 'logs siem', 'logs'])
  t.equal(
    host.printed().out,
    ['a', 'b', 'c', 'c'].map((each) => logLineAsText(line(each, each === 'c' ? 'siem' : null), PLAIN)).join(''),
  )
  for (const wrong of ['x', '-1', '1.5']) await t.rejects(logs(['-n', wrong], host), { code: 'usage' })
})

void test('following: as they come, until the daemon ends or nobody reads', async (t) => {
  // CSI in one character, which JSON leaves as it is.
  const more = JSON.stringify(line('later \u009b2J'))
  const harmless = more.replace('\u009b', String.raw`\u009b`)
  const { socket, requests } = await fakeDaemon(t, () => [ok({ lines: [line('a'), line('b')] }), more, more])
  let shown = 0
  const host = { ...fakeHost('/'), drained: () => Promise.resolve(++shown < 2) }
  t.equal(await logs(['-f', '-n', '1', '--json', '--socket', socket], host), 0)
  t.same(requests, ['logs follow'])
  t.equal(host.printed().out, `${JSON.stringify(line('b'))}\n${harmless}\n${harmless}\n`)
  const gone = await fakeDaemon(t, () => [ok({ lines: [] }), more, END])
  const other = fakeHost('/')
  t.equal(await logs(['siem', '--follow', '--socket', gone.socket], other), 3)
  t.same(gone.requests, ['logs siem follow'])
  t.match(other.printed(), { out: /later/, warned: /audispd has closed the connection/ })
})

void test('what is no log', async (t) => {
  const { socket } = await fakeDaemon(t, (request) => (request === 'logs' ? [ok({})] : [ok({ lines: [] }), '{', '{}']))
  await t.rejects(logs(['--socket', socket], fakeHost('/')), { code: 'system' })
  await t.rejects(logs(['-f', '--socket', socket], fakeHost('/')), { code: 'system' })
})
