import { test } from 'tap'
import { LogRing } from '../../src/control/log-ring.js'

void test('lines come out as they were said, of all and of one', (t) => {
  const ring = new LogRing()
  say(ring, { level: 30, msg: 'a', pid: 1 })
  say(ring, { level: 40, msg: 'b', plugin: 'x', how: 'so' })
  say(ring, { level: 30, msg: 'plugin says', plugin: 'x', stderr: 'hm' })
  say(ring, { level: 50, msg: 'c' })
  t.same(messages(ring), ['a', 'b', 'plugin says', 'c'])
  t.same(messages(ring, 'x'), ['b', 'plugin says'])
  t.same(messages(ring, 'y'), [])
  t.same(ring.lines('x')[0], { at: 'T', level: 'warn', message: 'b', plugin: 'x', fields: { how: 'so' } })
  t.same(
    [20, 30, 40, 50, 60].map((level) => {
      say(ring, { level, msg: 'l', plugin: 'levels' })
      return ring.lines('levels').at(-1)?.level
    }),
    ['debug', 'info', 'warn', 'error', 'fatal'],
  )
  t.end()
})

void test('a plugin that never stops talking pushes nobody out, nor what is said about itself', (t) => {
  const ring = new LogRing()
  say(ring, { level: 30, msg: 'daemon' })
  say(ring, { level: 40, msg: 'plugin died', plugin: 'noisy' })
  say(ring, { level: 30, msg: 'plugin says', plugin: 'quiet', stderr: 'once' })
  for (let n = 0; n < 20_000; n++) say(ring, { level: 30, msg: 'plugin says', plugin: 'noisy', stderr: `${n}` })
  t.same(messages(ring).slice(0, 3), ['daemon', 'plugin died', 'plugin says'])
  const noisy = ring.lines('noisy')
  t.equal(noisy.at(-1)?.fields['stderr'], '19999')
  t.ok(noisy.length > 50 && noisy.length < 1000, `${noisy.length} lines`)
  t.end()
})

void test('with many that talk much it stays within its bounds, and all are heard', (t) => {
  const ring = new LogRing()
  const stderr = 'x'.repeat(4000)
  for (let n = 0; n < 40; n++) {
    for (let plugin = 0; plugin < 60; plugin++)
      say(ring, { level: 30, msg: 'plugin says', plugin: `p${plugin}`, stderr })
  }
  const bytes = JSON.stringify(ring.lines(undefined)).length
  t.ok(bytes > 3e6 && bytes < 6e6, `${bytes} bytes`)
  for (let plugin = 0; plugin < 60; plugin++) t.ok(ring.lines(`p${plugin}`).length > 10)
  t.end()
})

void test('long lines behind short ones stay within the bounds of one plugin', (t) => {
  const ring = new LogRing()
  for (let n = 0; n < 200; n++) say(ring, { level: 30, msg: `${n}`, plugin: 'x' })
  for (let n = 0; n < 100; n++) say(ring, { level: 30, msg: 'y'.repeat(60_000), plugin: 'x' })
  const { length } = ring.lines('x')
  t.equal(length, 2, 'of 60 kB')
  say(ring, { level: 30, msg: 'z'.repeat(1_000_000), plugin: 'x' })
  say(ring, { level: 30, msg: 'last', plugin: 'x' })
  t.same(messages(ring, 'x'), ['last'], 'and one that is longer than all is not kept')
  t.end()
})

void test('who follows gets what comes from then on', (t) => {
  const ring = new LogRing()
  say(ring, { level: 30, msg: 'before', plugin: 'x' })
  let told = 0
  const all = ring.follow(undefined, () => told++)
  const one = ring.follow('x', () => {})
  say(ring, { level: 30, msg: 'a', plugin: 'x' })
  say(ring, { level: 30, msg: 'b', plugin: 'y' })
  t.equal(told, 2)
  t.equal(one.take()?.toString(), '{"at":"T","level":"info","message":"a","plugin":"x","fields":{}}\n')
  t.equal(all.take()?.toString().split('\n').length, 3)
  t.equal(all.take(), undefined)
  all.close()
  say(ring, { level: 30, msg: 'c' })
  t.equal(all.take(), undefined, 'and nothing after its end')
  t.end()
})

void test('who follows and does not read is told how much it has missed', (t) => {
  const ring = new LogRing()
  const follower = ring.follow(undefined, () => {})
  for (let n = 0; n < 10_000; n++) say(ring, { level: 30, msg: `line ${n}` })
  const lines = follower.take()?.toString().trimEnd().split('\n') ?? []
  t.ok(lines.length < 9000)
  t.equal(lines.at(-1), `{"lost":${10_000 - (lines.length - 1)}}`)
  say(ring, { level: 30, msg: 'again' })
  t.match(follower.take()?.toString(), /"again"/)
  t.end()
})

function say(ring: LogRing, fields: object): void {
  ring.hear(JSON.stringify({ time: 'T', ...fields }))
}

function messages(ring: LogRing, plugin?: string): string[] {
  return ring.lines(plugin).map(({ message }) => message)
}
