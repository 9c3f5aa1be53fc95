// One plugin of the line protocol without its process: what it would write goes in, what it would read comes out.

import type { Direction, DropIn } from '../../src/dispatcher/drop-in.js'
import { Inlet } from '../../src/dispatcher/inlet.js'
import { PluginVoice } from '../../src/dispatcher/plugin-voice.js'
import { ProtocolQueue } from '../../src/dispatcher/protocol-queue.js'
import { SegmentPool } from '../../src/dispatcher/segment.js'
import type { Hold } from '../../src/dispatcher/settlement.js'
import { IN_WINDOW, Talk } from '../../src/dispatcher/talk.js'
import { recordText } from '../e2e/records.js'
import { CommandBench } from './command-bench.js'
import { someDropIn } from './some-drop-in.js'

const WATCHER = { makeRoom() {}, lossBegan() {}, lossEnded() {}, tooLong() {}, poisoned() {} }

export class TalkBench {
  readonly around = new CommandBench()
  readonly queue: ProtocolQueue
  readonly inlet: Inlet | undefined
  readonly talk: Talk
  readonly faults: string[] = []
  /** Records that joined. */
  readonly joined: string[] = []
  readies = 0
  /** How often it had to be told that there is something to write. */
  saids = 0
  pumps = 0
  received = 0
  dropIn: DropIn
  /** The seq that others hold of what joined. */
  heldFrom = Infinity
  #joinedSeq = 0

  constructor(given: Partial<DropIn> = {}) {
    this.dropIn = someDropIn({ format: 'protocol', ...given })
    this.queue = new ProtocolQueue(this.dropIn.queue, new SegmentPool(), WATCHER)
    this.inlet = this.#newInlet(this.dropIn.direction)
    this.talk = new Talk(
      {
        dropIn: () => this.dropIn,
        queue: this.queue,
        inlet: this.inlet,
        commands: this.around.commands,
        voice: new PluginVoice('p', this.around.herald),
        clock: this.around.clock,
      },
      {
        ready: () => this.readies++,
        said: () => this.saids++,
        pump: () => this.pumps++,
        fault: (why) => this.faults.push(why),
      },
    )
  }

  /** A process begins. */
  begin(): void {
    this.talk.begin({ plugin: 'p', run: 'r', next: 1, node: '' })
  }

  /** It begins and says READY; what it has been told until then is left out. */
  open(ready = 'READY 1 ack'): void {
    this.begin()
    this.say(ready)
    this.read()
  }

  /** It writes whole lines, in one go. */
  say(...lines: readonly string[]): void {
    this.talk.hear(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'))
  }

  record(seq: number): void {
    this.queue.offerAlone(Buffer.from(`RECORD ${seq} ${recordText(seq)}\n`), seq)
  }

  /** The lines that it can read by now. */
  read(): string[] {
    const parts: Buffer[] = []
    for (let output = this.queue.next(); output !== undefined; output = this.queue.next()) {
      const { segment, start, end } = output
      parts.push(Buffer.from(segment.bytes.subarray(start, end)))
      this.queue.wrote(end - start)
    }
    return Buffer.concat(parts).toString('latin1').split('\n').slice(0, -1)
  }

  /** It dies, having read all that it was written. */
  die(): void {
    this.queue.takeBack(0)
    this.talk.end()
    this.queue.countDeath()
  }

  settle(): string[] {
    this.talk.settle(this.around.clock.nowMs())
    return this.read()
  }

  get log(): string[] {
    return this.around.log.texts
  }

  #newInlet(direction: Direction): Inlet | undefined {
    if (direction === 'out') return undefined
    return new Inlet(IN_WINDOW, {
      received: () => this.received,
      setReceived: (n) => {
        this.received = n
      },
      join: (lines, records) => {
        this.joined.push(...lines.toString('latin1').split('\n').slice(0, -1))
        this.#joinedSeq += records
        return this.#joinedSeq - records + 1
      },
      holds: (): readonly Hold[] => [{ to: this.#joinedSeq, holder: { holdsFrom: () => this.heldFrom } }],
    })
  }
}
