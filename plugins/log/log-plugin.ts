// The plugin: what the dispatcher gives goes into the log, and is acknowledged when it is there.

import { hostname } from 'node:os'
import { formatProblem } from '../../src/config.js'
import { errorCode } from '../../src/config/error-code.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import type { Gap, Hello, Plugin, PluginDefinition, RecordBatch } from '../../src/sdk/index.js'
import { Backlog } from './backlog.js'
import type { ReadSettings, Settings } from './config-file.js'
import { Keeper } from './keeper.js'
import type { LogDisk } from './log-disk.js'
import { LogFile } from './log-file.js'
import { LogStream } from './log-stream.js'
import { SinkTrouble, type Sink } from './sink.js'
import type { Room } from './space-watch.js'

/** One write has at most so much, but for a single record. */
const PIECE_BYTES = 256 * 1024

export interface LogWorld {
  readonly disk: LogDisk
  readonly clock: Clock
  readonly voice: Voice
  onSignal(signal: 'SIGUSR1' | 'SIGUSR2', listener: () => void): void
}

/** The plugin. `load` reads the configuration anew, at each reload. */
export function logPlugin(settings: Settings, load: () => ReadSettings, world: LogWorld): PluginDefinition {
  let running: Log | undefined
  const there = (): Log => {
    if (running === undefined) throw new Error('not open')
    return running
  }
  world.onSignal('SIGUSR1', () => {
    running?.rotate()
  })
  world.onSignal('SIGUSR2', () => {
    running?.resume()
  })
  return {
    acknowledge: 'manual',
    open: (hello) => {
      running = new Log(settings, hello, world)
    },
    from: () => there().from(),
    main: (plugin) => there().begin(plugin),
    records: (batch) => there().records(batch),
    lost: (gap) => there().lost(gap),
    reload: () => {
      there().reload(load())
    },
    stop: () => there().stop(),
  }
}

class Log {
  readonly #world: LogWorld
  readonly #hello: Hello
  readonly #file: LogFile | undefined
  readonly #sink: Sink
  readonly #keeper: Keeper
  readonly #backlog: Backlog
  readonly #pieceBytes: number
  #settings: Settings
  #plugin: Plugin | undefined
  #fail: (error: unknown) => void = () => {}

  constructor(settings: Settings, hello: Hello, world: LogWorld) {
    this.#world = world
    this.#hello = hello
    this.#settings = settings
    const { log } = world.voice
    const { config } = settings
    const { disk, clock } = world
    const kind = disk.look(config.logFile)?.kind ?? 'file'
    if (kind === 'fifo' || kind === 'device') {
      this.#sink = new LogStream({ disk, clock, log }, settings, kind)
    } else {
      const diskError = (): void => {
        this.#keeper.diskError()
      }
      this.#file = new LogFile({ disk, clock, log, diskError, hostName: hello.node || hostname() }, settings)
      this.#sink = this.#file
    }
    this.#pieceBytes = Math.min(PIECE_BYTES, config.maxFileBytes)
    const room = (): Room | undefined => (this.#file === undefined ? undefined : roomAt(disk, config.logFile))
    const run = (name: string): void => void this.#plugin?.action(name)
    const troubled = (): void => {
      this.#backlog.lookAgain()
    }
    this.#keeper = new Keeper({ clock, sink: this.#sink, room, run, troubled, log }, config)
    this.#backlog = new Backlog({
      // Only a dispatcher with a run of its own keeps what is not acknowledged.
      atBound: hello.run === '' ? 'drop' : 'wait',
      isWell: () => this.#keeper.isWell,
      put: (waiting) => (waiting.kind === 'lines' ? this.#keeper.put(waiting.lines) : this.#keeper.pass(waiting.last)),
      done: (seq) => this.#plugin?.ack(seq),
      failed: (error) => {
        this.#fail(error)
      },
      log,
    })
  }

  async from(): Promise<number | undefined> {
    const from = this.#file?.from(this.#hello.run)
    try {
      await this.#file?.ready()
    } catch (error) {
      // It is told, and waited for, with the first record.
      if (!(error instanceof SinkTrouble)) throw error
    }
    return from
  }

  /** Runs until the plugin is to end, or fails as a bug does. */
  begin(plugin: Plugin): Promise<void> {
    this.#plugin = plugin
    this.#world.voice.heardBy(plugin)
    return new Promise((resolve, reject) => {
      this.#fail = reject
      // Before stop(), which waits for the lines in hand, as those do for room.
      plugin.stopping.addEventListener('abort', () => {
        this.#keeper.end()
        resolve()
      })
    })
  }

  async records(batch: RecordBatch): Promise<void> {
    for (const lines of batch.lines(this.#pieceBytes)) await this.#backlog.add({ kind: 'lines', lines })
  }

  /** The dispatcher tells of it itself; here it is only settled, in its place. */
  async lost({ last }: Gap): Promise<void> {
    await this.#backlog.add({ kind: 'gap', last })
  }

  rotate(): void {
    try {
      this.#sink.rotate()
    } catch (error) {
      if (!(error instanceof SinkTrouble)) throw error
      this.#world.voice.log('error', 'the log cannot be rotated now', { error: error.message })
    }
    if (this.#file === undefined) this.#keeper.resume()
  }

  resume(): void {
    this.#keeper.resume()
  }

  /** Mistakes change nothing. */
  reload({ settings, problems }: ReadSettings): void {
    const { log } = this.#world.voice
    for (const problem of problems) log(problem.level === 'error' ? 'error' : 'warn', formatProblem(problem))
    if (settings === undefined) {
      log('error', 'the configuration has mistakes; going on with the old one')
      return
    }
    const { logFile, names, compress, blockBytes } = this.#settings.config
    const isOther =
      settings.config.logFile !== logFile ||
      settings.config.names !== names ||
      settings.config.blockBytes !== blockBytes ||
      (settings.config.compress === 'stream') !== (compress === 'stream')
    if (isOther) log('warn', 'log_file, names, block_size and compress = stream take effect when log is started anew')
    const config = {
      ...settings.config,
      logFile,
      names,
      blockBytes,
      compress: isOther ? compress : settings.config.compress,
    }
    this.#settings = { ...settings, config }
    this.#file?.use(this.#settings)
    this.#keeper.use(config)
    log('info', 'the configuration was read again')
  }

  async stop(): Promise<void> {
    this.#world.voice.alone()
    this.#keeper.end()
    await this.#backlog.drained()
    await this.#sink.close()
  }
}

/** Undefined where the system does not say: the writes will tell what is wrong. */
function roomAt(disk: LogDisk, path: string): Room | undefined {
  try {
    return disk.room(path.slice(0, path.lastIndexOf('/')) || '/')
  } catch (error) {
    if (errorCode(error) === '') throw error
    return undefined
  }
}
