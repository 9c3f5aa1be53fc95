import { test } from 'tap'
import { nativeUplink } from '../../../plugins/remote-send/native-uplink.js'
import type { Saying, Uplink, UplinkHost } from '../../../plugins/remote-send/uplink.js'
import { NO_SOURCE } from '../../../src/journal/block.js'
import type { FilePort } from '../../../src/journal/file-port.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import type { Link, LinkEvents, Random as Chance } from '../../../src/remote/ports.js'
import { quietWorld } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock } from '../remote-recv/hand-clock.js'
import { TestReceiver, type TestSession } from './test-receiver.js'

const OPTIONS = {
  instance: '1'.repeat(32),
  bootId: '2'.repeat(32),
  agent: 'test',
  maxBlock: 64 * 1024 + 240,
  windowBytes: 1024 * 1024,
  maxTries: 3,
}
const CHANCE: Chance = { fraction: () => 0, bytes: (count) => Buffer.alloc(count) }

/** A spool, a receiver, and a network between them that brings all bytes in the next turn. */
class Scene {
  readonly disk = new MemoryDisk(new Random(1))
  readonly clock = new HandClock()
  readonly receiver = new TestReceiver()
  readonly acked: number[] = []
  readonly said: string[] = []
  readonly sayings: Saying[] = []
  onDamage: 'stop' | 'skip' = 'stop'
  /** A directory that is slow to sync. */
  beforeSyncDir: Promise<void> = Promise.resolve()
  /** Nobody is there. */
  isDown = false
  dials: number[] = []
  /** Ends the connection, as a reset does. */
  cut: () => void = () => {}
  #store: JournalStore | undefined
  #uplink: Uplink | undefined
  #count = 0

  async open(segmentBytes = 64 * 1024 * 1024): Promise<void> {
    const { port } = this.disk
    const slow: FilePort = {
      run: async (batch) => {
        if (batch.some(({ kind }) => kind === 'sync-dir')) await this.beforeSyncDir
        return port.run(batch)
      },
    }
    this.#store = await JournalStore.over(slow, quietWorld(), { segmentBytes })
  }

  get store(): JournalStore {
    if (this.#store === undefined) throw new Error('not open')
    return this.#store
  }

  get uplink(): Uplink {
    if (this.#uplink === undefined) throw new Error('not begun')
    return this.#uplink
  }

  /** Blocks with one line each. */
  async spool(count: number, bytes = 20): Promise<void> {
    for (let done = 0; done < count; done++) {
      const line = `line ${++this.#count} `.padEnd(bytes, 'x')
      this.store.journal.append(Buffer.from(`${line}\n`), 1, NO_SOURCE)
      await this.store.commit()
    }
    this.#uplink?.durable()
  }

  begin(options: Partial<typeof OPTIONS> = {}): void {
    const host: UplinkHost = {
      store: this.store,
      clock: this.clock,
      random: CHANCE,
      servers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      dial: (server, events) => this.#dial(server.port, events),
      log: (level, text) => this.said.push(`${level} ${text}`),
      acked: (seq) => this.acked.push(seq),
      peerSays: (what) => this.sayings.push(what),
      damaged: () => this.onDamage,
    }
    this.#uplink = nativeUplink({ ...OPTIONS, ...options })(host)
  }

  /** Another process with the same spool. */
  async beginAgain(options: Partial<typeof OPTIONS> = {}): Promise<void> {
    await this.uplink.close()
    this.begin(options)
  }

  /** The numbers of the lines that have arrived. */
  get arrived(): number[] {
    return this.receiver.lines.map((line) => Number(line.split(' ')[1]))
  }

  /** Until nothing more happens, and so much time. */
  async pass(ms = 0): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await this.clock.pass(0)
    await this.clock.pass(ms)
    for (let turns = 0; turns < 20; turns++) await this.clock.pass(0)
  }

  #dial(port: number, events: LinkEvents): Link {
    this.dials.push(port)
    let isOpen = true
    let session: TestSession | undefined
    const later = (call: () => void): void => {
      setImmediate(() => {
        if (isOpen) call()
      })
    }
    const close = (why: string): void => {
      if (!isOpen) return
      isOpen = false
      session?.closed()
      setImmediate(() => {
        events.closed(why)
      })
    }
    this.cut = () => {
      close('cut')
    }
    if (this.isDown) close('refused')
    later(() => {
      session = this.receiver.open({
        write: (bytes) => {
          later(() => {
            events.data(bytes)
          })
        },
        end: () => {
          later(() => {
            close('the other end')
          })
        },
      })
      events.connected({ principal: 'collector', address: `10.0.0.1:${port}`, certificateEndMs: undefined })
    })
    return {
      write: (chunks) => {
        const bytes = Buffer.concat(chunks)
        later(() => session?.data(bytes))
        return true
      },
      pause: () => {},
      resume: () => {},
      end: () => {
        later(() => {
          close('our end')
        })
      },
      destroy: () => {
        close('our end')
      },
    }
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

void test('what is durable goes over, in order, and what is acknowledged is said', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(5)
  scene.begin()
  await scene.pass()
  t.same(scene.arrived, [1, 2, 3, 4, 5])
  t.equal(scene.acked.at(-1), 5)
  scene.store.journal.append(Buffer.from('line 6 \n'), 1, NO_SOURCE)
  scene.uplink.durable()
  await scene.pass()
  t.equal(scene.arrived.length, 5, 'what is not synced is nowhere')
  await scene.store.commit()
  scene.uplink.durable()
  await scene.pass()
  t.same(scene.arrived, numbers(1, 6))
  t.match(scene.uplink.status, { state: 'up', ackedSeq: 6, connections: 1, sentBlocks: 6, server: 'a:1', forks: 0 })
  t.equal(scene.uplink.status.peer?.principal, 'collector')
  await scene.uplink.close()
  await scene.pass()
  t.equal(scene.receiver.heard.at(-1), 'bye')
  t.match(scene.uplink.status, { state: 'closed', lastError: '' })
  t.same([scene.receiver.wrong, scene.said], [[], ['info connected']])
})

void test('connections are cut again and again: nothing twice, nothing left out', async (t) => {
  const scene = new Scene()
  await scene.open()
  scene.receiver.acknowledges = false
  await scene.spool(3)
  scene.begin()
  for (let round = 0; round < 8; round++) {
    await scene.pass(round * 50)
    await scene.spool(3)
    for (let turns = 0; turns < round; turns++) await scene.clock.pass(0)
    scene.cut()
    scene.receiver.acknowledges = round > 4
    await scene.pass(70_000)
  }
  t.same(scene.arrived, numbers(1, 27))
  t.equal(scene.acked.at(-1), 27)
  t.same(scene.receiver.wrong, [])
  t.ok(scene.uplink.status.connections > 7)
})

void test('another process goes on where the receiver is', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(4)
  scene.begin()
  await scene.pass()
  await scene.beginAgain()
  await scene.spool(2)
  await scene.pass()
  t.same(scene.arrived, numbers(1, 6))
  t.equal(scene.receiver.hellos.length, 2)
  t.same(scene.receiver.wrong, [])
})

void test('no more than the receiver allows, and than the window', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(20, 1000)
  scene.receiver.credit = 3000
  scene.receiver.acknowledges = false
  scene.begin()
  await scene.pass()
  t.equal(scene.arrived.length, 2, 'the third does not fit the credit')
  scene.receiver.credit = 1e6
  for (const session of scene.receiver.sessions) session.acknowledge()
  await scene.pass()
  t.equal(scene.arrived.length, 20)
  const narrow = new Scene()
  await narrow.open()
  await narrow.spool(20, 1000)
  narrow.receiver.acknowledges = false
  narrow.begin({ windowBytes: 5000 })
  await narrow.pass()
  t.equal(narrow.arrived.length, 4)
})

void test('what was freed unsent is told to the receiver, and what was freed after its acknowledgement when it lost that', async (t) => {
  const scene = new Scene()
  await scene.open(2000)
  await scene.spool(30, 200)
  await scene.store.write(() => scene.store.journal.purge(20))
  const first = scene.store.journal.firstPosition
  scene.begin()
  await scene.pass()
  t.ok(first > 5)
  t.same(scene.receiver.holes, [{ from: 1, to: first - 1, reason: 'freed' }])
  t.same(scene.arrived, numbers(first, 30))
  t.equal(scene.uplink.status.skippedSeqs, first - 1)
  scene.receiver.streams.clear()
  scene.cut()
  await scene.pass(70_000)
  t.same(scene.receiver.holes, [{ from: 1, to: first - 1, reason: 'freed' }])
  t.same(scene.arrived, numbers(first, 30))
  t.ok(scene.said.some((line) => line.includes('has lost what it had acknowledged')))
})

void test('segments are freed while they are being sent: a HOLE, never a wrong block', async (t) => {
  const scene = new Scene()
  await scene.open(200_000)
  await scene.spool(60, 60_000)
  scene.receiver.credit = 130_000
  scene.receiver.acknowledges = false
  scene.begin()
  await scene.pass()
  t.equal(scene.arrived.length, 2)
  await scene.store.write(() => scene.store.journal.purge(40))
  scene.uplink.durable()
  scene.receiver.credit = 1e7
  scene.receiver.acknowledges = true
  for (const session of scene.receiver.sessions) session.acknowledge()
  await scene.pass()
  const [hole] = scene.receiver.holes
  t.ok(hole !== undefined && hole.to === scene.store.journal.firstPosition - 1 && hole.reason === 'freed')
  t.same(scene.arrived, [...numbers(1, (hole?.from ?? 0) - 1), ...numbers((hole?.to ?? 0) + 1, 60)])
  t.same(scene.receiver.wrong, [])
})

void test('a segment that is on its way out is not taken for damage', async (t) => {
  const scene = new Scene()
  await scene.open(2000)
  await scene.spool(80, 200)
  scene.receiver.credit = 0
  scene.begin()
  await scene.pass()
  let goOn: () => void = () => {}
  scene.beforeSyncDir = new Promise((resolve) => (goOn = resolve))
  const purged = scene.store.write(() => scene.store.journal.purge(60))
  scene.receiver.credit = 1e7
  for (const session of scene.receiver.sessions) session.acknowledge()
  await scene.pass()
  goOn()
  await purged
  await scene.pass()
  t.same(
    scene.receiver.holes.map(({ reason }) => reason),
    ['freed'],
  )
  t.equal(scene.arrived.at(-1), 80)
})

void test('damage: sending stops, or goes on behind a HOLE, as the admin wants', async (t) => {
  for (const onDamage of ['stop', 'skip'] as const) {
    const scene = new Scene()
    scene.onDamage = onDamage
    await scene.open()
    await scene.spool(10, 100)
    const log = [...scene.disk.files.keys()].find((name) => name.endsWith('.log')) ?? ''
    // The lines of 4 and 5.
    scene.disk.run(overwrite(log, 3 * 101 + 50))
    scene.begin()
    await scene.pass()
    t.same(scene.arrived, onDamage === 'stop' ? [1, 2, 3] : [1, 2, 3, 6, 7, 8, 9, 10])
    t.same(scene.receiver.holes, onDamage === 'stop' ? [] : [{ from: 4, to: 5, reason: 'damaged' }])
    t.equal(scene.acked.at(-1), onDamage === 'stop' ? 3 : 10)
    scene.onDamage = 'skip'
    scene.uplink.resume()
    await scene.pass()
    t.equal(scene.arrived.at(-1), 10, 'the admin has said so')
    t.same(scene.receiver.holes, [{ from: 4, to: 5, reason: 'damaged' }])
  }
})

function* overwrite(
  file: string,
  at: number,
): Generator<readonly { kind: 'write'; file: string; at: number; chunks: Buffer[] }[], void> {
  yield [{ kind: 'write', file, at, chunks: [Buffer.alloc(100, '!')] }]
}

void test('a receiver that has something else under our stream: the rest goes on under a new one', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(6)
  scene.begin()
  await scene.pass()
  const [kept] = scene.receiver.streams.values()
  if (kept === undefined) throw new Error('nothing has come')
  // As if another copy of the spool had gone on behind 4.
  for (const seq of [5, 6]) kept.ends.set(seq, 'c'.repeat(64))
  kept.chain = 'c'.repeat(64)
  kept.blocks.splice(4)
  scene.cut()
  await scene.pass(70_000)
  t.same(scene.arrived, numbers(1, 6))
  t.equal(scene.receiver.streams.size, 2)
  t.equal(scene.store.journal.meta.timelines.length, 2)
  t.equal(scene.uplink.status.forks, 1)
  await scene.spool(1)
  await scene.pass()
  t.same([scene.arrived, scene.receiver.wrong], [numbers(1, 7), []])
})

void test('bytes that are no message end the connection, and the next one is tried', async (t) => {
  const scene = new Scene()
  await scene.open()
  scene.begin()
  await scene.spool(1)
  await scene.pass()
  await scene.spool(1)
  for (const session of scene.receiver.sessions) session.say({ type: 'bye', reason: 'no word'.repeat(100_000) })
  await scene.pass(70_000)
  t.same(scene.arrived, [1, 2])
  t.equal(scene.uplink.status.connections, 2)
})

void test('servers are tried in turn, for ever; failures are told once, until it is well', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(1)
  scene.isDown = true
  scene.begin()
  await scene.pass(600_000)
  t.same([...new Set(scene.dials)], [1, 2])
  t.same(scene.sayings, ['startup-failure'])
  t.equal(scene.said.length, 1, 'and not at each try')
  scene.isDown = false
  await scene.pass(120_000)
  t.same(scene.arrived, [1])
  t.same(scene.sayings, ['startup-failure', 'well'])
  scene.isDown = true
  scene.cut()
  await scene.pass(600_000)
  t.same(scene.sayings, ['startup-failure', 'well', 'network-failure'])
})

void test('a collector that throws us out each time is a failure of the network, too', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(1)
  scene.begin()
  await scene.pass()
  scene.receiver.isSilent = true
  for (let time = 0; time < 5; time++) {
    for (const session of scene.receiver.sessions) session.fail('refused')
    await scene.pass(70_000)
  }
  t.same(scene.sayings, ['well', 'network-failure'])
})

void test('what the receiver says of its disk is passed on, once a change', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(1)
  scene.begin()
  await scene.pass()
  for (const state of ['low', 'full', 'full', 'error', 'draining', 'ok'] as const) {
    for (const session of scene.receiver.sessions) session.say({ type: 'status', state })
    await scene.pass()
  }
  t.same(scene.sayings, ['well', 'disk-low', 'disk-full', 'disk-error', 'remote-ending', 'well'])
})

void test('suspended, nothing is sent; then it goes on', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(1)
  scene.begin()
  await scene.pass()
  scene.uplink.suspend()
  await scene.spool(3)
  await scene.pass(20_000)
  t.same([scene.arrived, scene.uplink.status.state], [[1], 'suspended'])
  scene.uplink.resume()
  await scene.pass()
  t.same(scene.arrived, [1, 2, 3, 4])
})

void test('a receiver that falls silent is left, and found again', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(1)
  scene.begin()
  await scene.pass()
  scene.receiver.isSilent = true
  await scene.spool(1)
  await scene.pass(45_200)
  t.ok(scene.receiver.heard.includes('ping'))
  scene.receiver.isSilent = false
  await scene.pass(60_000)
  t.same(scene.arrived, [1, 2])
  t.equal(scene.uplink.status.connections, 2)
})

void test('a disk that gives errors to reads is asked again', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(2)
  scene.disk.interfere = (op) => (op.kind === 'read' ? 'EIO' : 'do')
  scene.begin()
  await scene.pass(1000)
  t.same(scene.arrived, [])
  scene.disk.interfere = () => 'do'
  await scene.pass(6000)
  t.same(scene.arrived, [1, 2])
})

void test('blocks longer than what was announced are announced first', async (t) => {
  const scene = new Scene()
  await scene.open()
  await scene.spool(1, 70_000)
  scene.begin()
  await scene.pass(60_000)
  t.equal(scene.arrived.length, 1)
  t.same(
    scene.receiver.hellos.map(({ maxBlock }) => maxBlock > 70_000),
    [false, true],
  )
})
