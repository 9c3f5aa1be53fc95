// The plugin: records go into the outbox, and from there to a server. Under audispd a record is acknowledged when the kernel has taken it,
// and what there is no room for stays with the dispatcher; under auditd nothing may be held up there, so it is dropped and counted.

import { hostname } from 'node:os'
import { formatProblem } from '../../src/config.js'
import { NODE_CLOCK, NODE_RANDOM } from '../../src/remote/node-world.js'
import type { Voice } from '../../src/remote/voice.js'
import { type Hello, type Plugin, type PluginDefinition, type RecordBatch } from '../../src/sdk/index.js'
import type { MakeSocket } from '../../src/unix-datagram.js'
import { compatInterpret } from './compat-interpret.js'
import { startNotice } from './compat.js'
import type { DeliveryWorld } from './delivery-state.js'
import { Delivery } from './delivery.js'
import type { FormatWorld } from './format.js'
import { messagesOf } from './messages.js'
import { News } from './news.js'
import { openCarrier } from './open-carrier.js'
import { Outbox } from './outbox.js'
import type { ReadSettings, Settings } from './settings.js'
import { Tally } from './tally.js'

/** Records that the dispatcher sends ahead; the outbox has a bound in bytes beside it. */
const WINDOW = 1023
/** What waits at the end has so long to get away. */
const PATIENCE_MS = 2000

export interface SyslogMeans {
  /** Undefined: there is no unix-dgram. */
  readonly makeSocket: MakeSocket | undefined
  readonly logger?: string
}

/** The plugin. Connects at once: under auditd the first record may take hours. `load` reads the configuration again. */
export function syslogPlugin(
  first: Settings,
  load: () => ReadSettings,
  voice: Voice,
  means: SyslogMeans,
): PluginDefinition {
  const syslog = new Syslog(first, voice, means)
  return {
    acknowledge: 'manual',
    window: WINDOW,
    open: (hello) => {
      syslog.open(hello)
    },
    main: async (plugin) => syslog.begin(plugin),
    records: (batch, plugin) => syslog.take(batch, plugin),
    reload: () => {
      syslog.reload(load())
    },
    stop: () => syslog.stop(),
  }
}

class Syslog {
  readonly #voice: Voice
  readonly #outbox: Outbox
  readonly #tally = new Tally()
  readonly #delivery: Delivery
  #settings: Settings
  #hello: Pick<Hello, 'run' | 'node'> = { run: '', node: '' }
  #plugin: Plugin | undefined
  /** All up to this number were with the kernel once. */
  #acknowledged = 0
  /** Whoever waits for room in the outbox. */
  #waitsForRoom: (() => void) | undefined
  #isStopping = false

  constructor(settings: Settings, voice: Voice, means: SyslogMeans) {
    this.#settings = settings
    this.#voice = voice
    this.#outbox = new Outbox(() => this.#settings.config.bufferBytes)
    const world: FormatWorld = {
      nowMs: () => NODE_CLOCK.wallMs(),
      hostName: () => (this.#hello.node === '' ? hostname() : this.#hello.node),
      pid: process.pid,
      interpret: compatInterpret(),
    }
    const delivering: DeliveryWorld = {
      clock: NODE_CLOCK,
      random: NODE_RANDOM,
      open: (place, events) => {
        const messages = messagesOf(this.#settings.config, world)
        return openCarrier(place, this.#settings, { ...means, messages }, events)
      },
      acknowledge: (seq) => {
        this.#acknowledged = seq
        this.#plugin?.ack(seq)
      },
      roomFreed: () => {
        if (this.#outbox.hasRoom) this.#goOn()
      },
    }
    const { config } = settings
    const news = new News(voice.log, this.#tally)
    this.#delivery = new Delivery(delivering, config, this.#outbox, this.#tally, news)
    if (config.compat === 'audisp-syslog') this.#outbox.push(startNotice(config))
    this.#delivery.begin()
  }

  open(hello: Hello): void {
    this.#hello = hello
  }

  begin(plugin: Plugin): void {
    this.#voice.heardBy(plugin)
    // Before stop(), which waits for the batch in hand, as that does for room.
    plugin.stopping.addEventListener('abort', () => {
      this.#isStopping = true
      this.#goOn()
    })
  }

  async take(batch: RecordBatch, plugin: Plugin): Promise<void> {
    this.#plugin = plugin
    for (const record of batch) {
      if (!this.#outbox.hasRoom) {
        this.#delivery.pump()
        if (!(await this.#room())) return
      }
      if (this.#outbox.hasRoom) this.#outbox.push({ line: Buffer.from(record.bytes), seq: record.seq, kind: 'record' })
      else this.#drop()
    }
    this.#delivery.pump()
  }

  /** Mistakes change nothing. */
  reload({ settings, problems }: ReadSettings): void {
    for (const problem of problems)
      this.#voice.log(problem.level === 'error' ? 'error' : 'warn', formatProblem(problem))
    if (settings === undefined) {
      this.#voice.log('error', 'the configuration has mistakes; going on with the old one')
      return
    }
    this.#settings = settings
    this.#delivery.use(settings.config)
    this.#voice.log('info', 'the configuration was read again')
  }

  async stop(): Promise<void> {
    this.#voice.alone()
    await this.#delivery.end(PATIENCE_MS)
    // What was acknowledged nobody sends again, wherever it is now.
    const { upTo, beyond } = this.#outbox.recordsLeft(this.#acknowledged)
    this.#tally.add('inDoubt', upTo)
    if (!this.#isKept) this.#tally.add('dropped', beyond)
    const counts = { ...this.#tally.all(), ...(this.#isKept && beyond > 0 ? { leftToDispatcher: beyond } : {}) }
    if (Object.keys(counts).length > 0)
      this.#voice.log('warn', 'the end; this is not with a server, or not once', counts)
  }

  /** The dispatcher keeps what is not acknowledged; auditd keeps nothing. */
  get #isKept(): boolean {
    return this.#hello.run !== ''
  }

  /** False: the rest of the batch is left to the next process. */
  async #room(): Promise<boolean> {
    if (!this.#isKept) return true
    while (!this.#outbox.hasRoom && !this.#isStopping) {
      await new Promise<void>((done) => {
        this.#waitsForRoom = done
      })
    }
    return this.#outbox.hasRoom
  }

  #goOn(): void {
    const waiting = this.#waitsForRoom
    this.#waitsForRoom = undefined
    waiting?.()
  }

  #drop(): void {
    if (this.#tally.since('dropped') === 0)
      this.#voice.log('warn', 'the buffer is full: new records are dropped until there is room', {
        bufferBytes: this.#settings.config.bufferBytes,
      })
    this.#tally.add('dropped', 1)
  }
}
