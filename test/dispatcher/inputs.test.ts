import { test } from 'tap'
import { Inputs, type Feeder } from '../../src/dispatcher/inputs.js'
import { FakeClock } from './fake-clock.js'

class SomeFeeder implements Feeder {
  readonly queue = { blocks: false, unblocks: true }
  readonly side: { inlet: { unsettled: number } | undefined }
  /** Each time it was minded, whether the door was shut. */
  readonly minded: boolean[] = []

  constructor(unsettled?: number) {
    this.side = { inlet: unsettled === undefined ? undefined : { unsettled } }
  }

  mindInput(isDoorShut: boolean): void {
    this.minded.push(isDoorShut)
  }
}

function bench(...feeders: readonly SomeFeeder[]) {
  const clock = new FakeClock()
  const stdin: string[] = []
  const door = { pause: () => stdin.push('pause'), resume: () => stdin.push('resume') }
  return {
    clock,
    stdin,
    inputs: new Inputs(
      clock,
      () => feeders,
      () => door,
    ),
  }
}

void test('a full queue shuts the door for all, and it opens when all let it', (t) => {
  const [one, two, sender] = [new SomeFeeder(), new SomeFeeder(), new SomeFeeder(0)]
  const { inputs, stdin } = bench(sender, one, two)
  inputs.mind()
  t.same(sender.minded, [false])
  t.same(one.minded, [], 'only those who send')
  one.queue.blocks = true
  one.queue.unblocks = false
  inputs.mind()
  inputs.mind()
  t.ok(inputs.isDoorShut)
  t.same(stdin, ['pause'])
  t.same(sender.minded, [false, true, true], 'also who comes before the one that is full')
  one.queue.blocks = false
  inputs.mind()
  t.ok(inputs.isDoorShut, 'until there is room for many')
  one.queue.unblocks = true
  two.queue.unblocks = false
  inputs.mind()
  t.ok(inputs.isDoorShut, 'for everybody')
  two.queue.unblocks = true
  inputs.mind()
  t.notOk(inputs.isDoorShut)
  t.same(stdin, ['pause', 'resume'])
  t.equal(sender.minded.at(-1), false)
  t.end()
})

void test('without stdin the door is that of the plugins', (t) => {
  const sender = new SomeFeeder(0)
  const inputs = new Inputs(
    new FakeClock(),
    () => [sender],
    () => undefined,
  )
  sender.queue.blocks = true
  inputs.mind()
  t.same(sender.minded, [true])
  t.end()
})

void test('as long as something is unsettled it is looked at again and again, as patience may end', (t) => {
  const sender = new SomeFeeder(3)
  const { inputs, clock } = bench(sender)
  inputs.mind()
  inputs.mind()
  t.equal(clock.pending, 1)
  clock.pass(1000)
  t.equal(sender.minded.length, 2 + 4)
  sender.side.inlet = { unsettled: 0 }
  clock.pass(1000)
  t.equal(sender.minded.length, 2 + 4 + 1)
  t.equal(clock.pending, 0)
  t.end()
})

void test('closed it looks no more, whatever is minded', (t) => {
  const sender = new SomeFeeder(3)
  const { inputs, clock } = bench(sender)
  inputs.mind()
  inputs.close()
  t.equal(clock.pending, 0)
  const closed = bench(sender)
  closed.inputs.close()
  closed.inputs.mind()
  t.equal(closed.clock.pending, 0, 'a daemon that has ended must not be kept alive')
  t.end()
})
