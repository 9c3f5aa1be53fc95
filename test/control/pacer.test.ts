import { test } from 'tap'
import { Pacer } from '../../src/control/pacer.js'
import { FakeClock } from '../dispatcher/fake-clock.js'

void test('cheap work follows at once, and its order is kept', async (t) => {
  const { pacer, done, cheap } = bench()
  await Promise.all([cheap('a'), cheap('b'), cheap('c')])
  t.same(done, ['a', 'b', 'c'])
  t.same(await pacer.run(() => 7), { value: 7 })
})

void test('after dear work everybody waits four times as long', async (t) => {
  const { clock, done, cheap, dear } = bench()
  await dear('a', 10)
  void cheap('b')
  void dear('c', 5)
  void cheap('d')
  await settled()
  t.same(done, ['a'])
  clock.pass(39)
  await settled()
  t.same(done, ['a'])
  clock.pass(1)
  await settled()
  t.same(done, ['a', 'b', 'c'])
  // The cheap one was worth a little too.
  clock.pass(20)
  await settled()
  t.same(done, ['a', 'b', 'c'])
  clock.pass(1)
  await settled()
  t.same(done, ['a', 'b', 'c', 'd'])
})

void test('much that is cheap is dear', async (t) => {
  const { clock, done, cheap } = bench()
  for (let count = 0; count < 1000; count++) void cheap('a')
  for (let ms = 0; ms < 100; ms++) {
    clock.pass(1)
    await settled()
  }
  t.ok(done.length >= 300 && done.length <= 600, `${done.length} in a tenth of a second`)
})

void test('work that fails keeps nobody waiting, nor does what it has begun', async (t) => {
  const { pacer, done, cheap } = bench()
  const failing = pacer.run(() => {
    throw new Error('no')
  })
  const slow = pacer.run(() => new Promise<void>(() => {}))
  await cheap('a')
  t.same(done, ['a'])
  await t.rejects(failing, { message: 'no' })
  t.type((await slow).value, Promise)
})

function bench() {
  const clock = new FakeClock()
  const pacer = new Pacer({ nowMs: () => clock.nowMs(), after: (ms, then) => clock.after(ms, then) })
  const done: string[] = []
  const cheap = async (name: string): Promise<unknown> => pacer.run(() => done.push(name))
  const dear = async (name: string, ms: number): Promise<unknown> =>
    pacer.run(() => {
      clock.pass(ms)
      done.push(name)
    })
  return { clock, pacer, done, cheap, dear }
}

/** Whatever a promise that is settled now has to say has been said. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
