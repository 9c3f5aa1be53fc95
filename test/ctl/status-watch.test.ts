import { test } from 'tap'
import { redraw } from '../../src/ctl/status-watch.js'
import { fakeHost } from './fake-host.js'

/** A clock whose time passes at once, or never. */
const SOON = { after: (_ms: number, then: () => void) => (setImmediate(then), () => {}) }
const NEVER = { after: () => () => {} }

void test('a terminal: each in the place of the one before, until a key', async (t) => {
  let press = (_key: string): void => {}
  let listening = 0
  const terminal = {
    size: () => ({ columns: 80, rows: 4 }),
    onKey: (listener: (key: string) => void) => {
      listening++
      press = listener
      return () => listening--
    },
  }
  const host = fakeHost('/', { terminal })
  let looks = 0
  const look = async () => {
    looks++
    if (looks === 2) setImmediate(() => press('q'))
    return { text: looks === 1 ? 'a\nb\nc\nd\ne\n' : 'f\n', exitStatus: looks }
  }
  // The second pause never ends: a key does.
  const after = (_ms: number, then: () => void) => {
    if (looks === 1) setImmediate(then)
    return () => {}
  }
  t.equal(await redraw(look, 1000, host, { after }), 2)
  const { out } = host.printed()
  t.ok(out.startsWith('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[Ha\x1b[K\nb\x1b[K\n… 3 more lines\x1b[K\n\x1b[J'))
  t.ok(out.endsWith('\x1b[Hf\x1b[K\n\x1b[J\x1b[?7h\x1b[?25h\x1b[?1049lf\n'))
  t.equal(listening, 0)
})

void test('the terminal is put back when a look fails', async (t) => {
  const terminal = { size: () => ({ columns: 80, rows: 24 }), onKey: () => () => {} }
  const host = fakeHost('/', { terminal })
  await t.rejects(
    redraw(() => Promise.reject(new Error('a bug')), 1000, host, NEVER),
    { message: 'a bug' },
  )
  t.ok(host.printed().out.endsWith('\x1b[?1049l'))
})

void test('no terminal: one after the other, until nobody reads', async (t) => {
  const host = { ...fakeHost('/'), drained: () => Promise.resolve(looks < 3) }
  let looks = 0
  const look = async () => ({ text: `look ${++looks}\n`, exitStatus: 1 })
  t.equal(await redraw(look, 1000, host, SOON), 1)
  t.equal(host.printed().out, 'look 1\n\nlook 2\n\nlook 3\n')
})
