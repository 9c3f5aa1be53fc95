// Who may send how much: never more than the budget in all, and nobody is left out.

import { test } from 'tap'
import { CreditPool, WINDOW_BYTES } from '../../../plugins/remote-recv/credit.js'
import { Random } from '../../protocol/random.js'

const KIB = 1024
const MIB = 1024 * KIB

/** The pool with its senders: what each was told, and what it has sent since. */
class World {
  readonly pool: CreditPool
  readonly told = new Map<number, number>()
  readonly sent = new Map<number, number>()
  /** Sent and not yet on disk. */
  held: { session: number; bytes: number }[] = []
  readonly recalling = new Set<number>()
  nowMs = 0
  againMs: number | undefined

  constructor(budget: number) {
    this.pool = new CreditPool(budget)
  }

  open(session: number, smallBytes = 64 * KIB, weight = 1): void {
    this.pool.open(session, { smallBytes, weight }, this.nowMs)
    this.told.set(session, 0)
    this.sent.set(session, 0)
    this.step()
  }

  /** What the session may send now, as it knows. */
  unused(session: number): number {
    return (this.told.get(session) ?? 0) - (this.sent.get(session) ?? 0)
  }

  send(session: number, bytes: number): boolean {
    const isTaken = this.pool.received(session, bytes, this.nowMs)
    if (isTaken) {
      this.sent.set(session, (this.sent.get(session) ?? 0) + bytes)
      this.held.push({ session, bytes })
    }
    return isTaken
  }

  /** All that is held is on disk. */
  commit(): void {
    for (const { session, bytes } of this.held) this.pool.released(session, bytes)
    this.held = []
    this.step()
  }

  answer(session: number): void {
    this.recalling.delete(session)
    this.pool.recalled(session)
    this.step()
  }

  close(session: number): void {
    this.pool.close(session)
    this.told.delete(session)
    this.sent.delete(session)
    this.recalling.delete(session)
    this.step()
  }

  step(): void {
    const { grants, recalls, againMs } = this.pool.step(this.nowMs)
    for (const { session, limit } of [...grants, ...recalls]) this.told.set(session, limit)
    for (const { session } of recalls) this.recalling.add(session)
    this.againMs = againMs
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.step()
  }
}

void test('everybody has enough for one block; who uses it up quickly gets more, up to the window', (t) => {
  const world = new World(64 * MIB)
  world.open(1)
  world.open(2, 300 * KIB)
  t.same([world.unused(1), world.unused(2)], [64 * KIB, 300 * KIB])
  t.notOk(world.send(1, 64 * KIB + 1), 'more than was granted')
  for (let round = 0; round < 10; round++) {
    world.nowMs += 10
    t.ok(world.send(1, world.unused(1)))
    world.commit()
  }
  t.equal(world.unused(1), WINDOW_BYTES)
  t.equal(world.unused(2), 300 * KIB)
  world.nowMs += 5000
  world.send(1, world.unused(1) - 100)
  t.equal(world.unused(1), 100)
  world.commit()
  world.nowMs += 5000
  world.step()
  t.ok(world.unused(1) >= 64 * KIB)
  t.end()
})

void test('what is not on disk is not granted again', (t) => {
  const world = new World(MIB)
  world.open(1)
  world.open(2)
  let sent = 0
  for (let tries = 0; tries < 100; tries++) {
    if (world.send(1, 16 * KIB)) sent += 16 * KIB
    world.step()
  }
  t.ok(sent >= 256 * KIB && sent <= MIB - 64 * KIB, `${sent}`)
  t.equal(world.unused(2), 64 * KIB, 'the other has its own all the same')
  world.close(1)
  t.equal(world.pool.spentBytes, sent + 64 * KIB, 'what a closed session has sent is still here')
  world.commit()
  t.equal(world.pool.spentBytes, 64 * KIB)
  t.end()
})

void test('another budget counts at once, and what is granted stays granted', (t) => {
  const world = new World(128 * KIB)
  for (const session of [1, 2, 3]) world.open(session)
  t.equal(world.unused(3), 0)
  world.pool.resize(MIB)
  world.step()
  t.equal(world.unused(3), 64 * KIB)
  world.pool.resize(64 * KIB)
  t.ok(world.send(1, 64 * KIB))
  world.commit()
  t.equal(world.unused(1), 0)
  world.close(2)
  world.close(3)
  t.equal(world.unused(1), 64 * KIB)
  t.end()
})

void test('shares go by weight', (t) => {
  const world = new World(2 * MIB)
  world.open(1, 64 * KIB, 1)
  world.open(2, 64 * KIB, 3)
  const sent = [0, 0, 0]
  for (let round = 0; round < 200; round++) {
    world.nowMs += 10
    for (const session of [1, 2]) {
      const bytes = world.unused(session)
      if (bytes > 0 && world.send(session, bytes)) sent[session] = (sent[session] ?? 0) + bytes
    }
    // The disk is slow: half of it each time.
    const done = world.held.splice(0, Math.ceil(world.held.length / 2))
    for (const { session, bytes } of done) world.pool.released(session, bytes)
    world.step()
  }
  const [, one = 0, two = 0] = sent
  t.ok(two > one, `${one} and ${two}`)
  t.ok(two < 8 * one, 'and the lighter one goes on')
  t.end()
})

void test('too many for the budget: unused credit goes round, and each has its turn', (t) => {
  const count = 100
  const world = new World(640 * KIB)
  for (let session = 0; session < count; session++) world.open(session)
  const had = new Set<number>()
  for (let round = 0; round < 400; round++) {
    for (let session = 0; session < count; session++) if (world.unused(session) >= 64 * KIB) had.add(session)
    world.pass(500)
    for (const session of Array.from(world.recalling)) world.answer(session)
    t.ok(world.pool.spentBytes <= 640 * KIB)
  }
  t.equal(had.size, count)
  t.end()
})

void test('a recalled limit is in force when the sender has answered: what came before counts', (t) => {
  const world = new World(128 * KIB)
  world.open(1)
  world.open(2)
  world.open(3)
  t.equal(world.unused(3), 0)
  t.equal(world.againMs, world.nowMs + 250)
  world.pass(3000)
  t.ok(world.recalling.has(1))
  t.ok(world.pool.received(1, 1000, world.nowMs), 'it was on its way')
  t.equal(world.unused(3), 0)
  world.answer(1)
  t.notOk(world.pool.received(1, 1, world.nowMs))
  t.equal(world.unused(3), 0, 'the 1000 bytes are still here')
  world.pool.released(1, 1000)
  world.step()
  t.equal(world.unused(3), 64 * KIB)
  t.end()
})

void test('over its rate a session gets nothing, and others are not held up by it', (t) => {
  const world = new World(MIB)
  world.open(1)
  world.pool.hold(1, 700)
  world.send(1, 60 * KIB)
  world.commit()
  t.equal(world.unused(1), 4 * KIB)
  t.equal(world.againMs, 700)
  world.open(2)
  t.equal(world.unused(2), 64 * KIB)
  world.pass(700)
  t.ok(world.unused(1) >= 64 * KIB)
  t.end()
})

void test('at random: never above the budget, and whoever wants to send can, in the end', (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed)
    const budget = (1 + random.below(20)) * 128 * KIB
    const world = new World(budget)
    let next = 0
    for (let steps = 0; steps < 300; steps++) {
      const sessions = [...world.told.keys()]
      const session = sessions[random.below(Math.max(1, sessions.length))]
      const action = random.below(10)
      if (session === undefined || action === 0) world.open(next++, (1 + random.below(128)) * KIB, 1 + random.below(3))
      else if (action === 1) world.close(session)
      else if (action < 6 && world.unused(session) > 0)
        t.ok(world.send(session, 1 + random.below(world.unused(session))), 'within its limit')
      else if (action === 6) world.commit()
      else if (action === 7) world.pass(random.below(3000))
      else for (const each of Array.from(world.recalling)) world.answer(each)
      if (world.pool.spentBytes > budget) t.fail(`${world.pool.spentBytes} of ${budget}, seed ${seed}`)
      const owed = [...world.told.keys()].reduce((sum, each) => sum + Math.max(0, world.unused(each)), 0)
      const held = world.held.reduce((sum, { bytes }) => sum + bytes, 0)
      if (owed + held > world.pool.spentBytes) t.fail(`it counts too little, seed ${seed}`)
    }
    const had = new Set<number>()
    for (let round = 0; round < 1000 && had.size < world.told.size; round++) {
      for (const each of world.told.keys()) {
        if (!had.has(each) && world.unused(each) > 0 && world.send(each, world.unused(each))) had.add(each)
      }
      world.commit()
      world.pass(300)
      for (const each of Array.from(world.recalling)) world.answer(each)
    }
    t.equal(had.size, world.told.size, `seed ${seed}`)
  }
  t.end()
})
