// The program: what senders give goes into the journal and is acknowledged; from there it goes to the local dispatcher. The two know
// nothing of each other but the journal.

import { formatProblem } from '../../src/config.js'
import type { DiskJournal } from '../../src/journal/disk-journal.js'
import { FileError, diskSpace } from '../../src/journal/file-port.js'
import { bytesToKeepFree } from '../../src/remote/free-space.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { StatusFile } from '../../src/remote/status-file.js'
import { BadConfiguration, type Hello, type Plugin, type PluginDefinition } from '../../src/sdk/index.js'
import { tellAlarm } from './alarms.js'
import { Gate, gateSettings } from './gate.js'
import { HandOver } from './hand-over.js'
import { aheadOf } from './numbering.js'
import { Holdings } from './holdings.js'
import type { DiskState } from './intake.js'
import { JournalIntake, type IntakeOptions } from './journal-intake.js'
import { Keeping } from './keeping.js'
import type { SenderLimits } from './limits.js'
import { Listeners } from './listeners.js'
import { NativeServer } from './native-server.js'
import { serverOptions } from './native-world.js'
import { NodeGuard } from './node-guard.js'
import { openJournal } from './open-journal.js'
import { recvStatus } from './recv-status.js'
import { Rereading } from './rereading.js'
import { RmwLimits } from './rmw-limits.js'
import { RmwSenders } from './rmw-senders.js'
import { rmwSpeaker } from './rmw-session.js'
import type { ReadSettings, Settings } from './settings.js'
import { stillProves } from './still-proves.js'
import { StreamLedger } from './stream-ledger.js'
import type { Voice } from '../../src/remote/voice.js'

/** audisp-remote keeps its connection; one that says nothing for so long has lost its peer. */
const RMW_IDLE_MS = 24 * 3_600_000

/** The plugin. `load` reads the configuration, at the start and at each reload. */
export function remoteRecv(load: () => ReadSettings, voice: Voice): PluginDefinition {
  let running: RemoteRecv | undefined
  const there = (): RemoteRecv => {
    if (running === undefined) throw new Error('not open')
    return running
  }
  process.on('SIGUSR1', () => {
    void running?.rotate()
  })
  return {
    positions: true,
    async open(hello) {
      running = await RemoteRecv.open(firstSettings(load(), voice), hello, voice)
    },
    main: (plugin) => there().run(plugin),
    settled: (n) => {
      there().settle(n)
    },
    refused: ({ n, code, message }) => {
      voice.log('warn', 'the dispatcher does not take a record; it stays in the journal', {
        position: n,
        code,
        message,
      })
    },
    reload: () => {
      there().reload(load())
    },
    stop: () => there().stop(),
  }
}

function firstSettings({ settings, problems }: ReadSettings, voice: Voice): Settings {
  if (settings === undefined) throw new BadConfiguration(problems.map(formatProblem).join('\n'))
  for (const problem of problems) voice.log('warn', 'in the configuration', { problem: formatProblem(problem) })
  return settings
}

class RemoteRecv {
  readonly #voice: Voice
  readonly #store: DiskJournal
  readonly #ledger = new StreamLedger(NODE_CLOCK, () => {
    this.#status.changed()
  })
  readonly #intake: JournalIntake
  readonly #guard: NodeGuard
  readonly #holdings: Holdings
  readonly #gate: Gate
  readonly #native: NativeServer
  readonly #rmw: RmwSenders
  readonly #rmwLimits: RmwLimits
  readonly #listeners: Listeners
  readonly #handOver: HandOver
  readonly #keeping: Keeping
  readonly #rereading: Rereading
  readonly #status: StatusFile
  readonly #startedMs = Date.now()
  #settings: Settings
  #intakeOptions: IntakeOptions

  static async open(settings: Settings, hello: Hello, voice: Voice): Promise<RemoteRecv> {
    const store = await openJournal(settings.config, hello.node, voice)
    return new RemoteRecv(settings, store, hello, voice)
  }

  private constructor(settings: Settings, store: DiskJournal, hello: Hello, voice: Voice) {
    const { config } = settings
    this.#settings = settings
    this.#voice = voice
    this.#store = store
    this.#intakeOptions = { commitDelayMs: config.commitDelayMs, lowBytes: 0, reserveBytes: 0 }
    this.#intake = new JournalIntake(
      { store, clock: NODE_CLOCK, freeBytes: () => this.#freeBytes() },
      this.#intakeOptions,
      {
        committed: () => {
          this.#handOver.durable()
          this.#status.changed()
        },
        failed: (code, error, isLost) => {
          if (isLost) voice.log('warn', 'the disk gave an error; written anew in another segment', { code, error })
          else
            voice.log('error', 'the journal cannot be written; nothing is acknowledged, trying again', { code, error })
        },
      },
    )
    this.#rmw = new RmwSenders(this.#intake)
    const tell = (alarm: Parameters<typeof tellAlarm>[1]): void => {
      tellAlarm(voice, alarm)
    }
    const unreadable = (error: string, what = 'look-up'): void => {
      voice.log('error', 'the journal cannot be read or its cursor not be saved; trying again', { what, error })
    }
    const limitsOf = (principal: string): SenderLimits => this.#gate.limits(principal)
    this.#guard = new NodeGuard(config.nodeCheck, (principal) => limitsOf(principal).names, tell)
    this.#holdings = new Holdings(store, (principal) => limitsOf(principal).journalBytes)
    this.#native = new NativeServer(
      {
        intake: this.#intake,
        store,
        clock: NODE_CLOCK,
        ledger: this.#ledger,
        limitsOf,
        guard: this.#guard,
        holdings: this.#holdings,
        alarm: tell,
        unreadable,
      },
      serverOptions(settings),
    )
    const mayTake = (principal: string, lines: Buffer): boolean => this.#guard.allows(principal, lines)
    this.#rmwLimits = new RmwLimits(NODE_CLOCK, limitsOf, this.#holdings, this.#ledger)
    const rmw = rmwSpeaker(this.#rmw, { idleMs: RMW_IDLE_MS, mayTake, limits: this.#rmwLimits })
    const speakers = { native: this.#native.serve, rmw }
    this.#gate = new Gate({ clock: NODE_CLOCK, voice, intake: this.#intake, speakers }, gateSettings(settings))
    this.#listeners = new Listeners(this.#gate, voice)
    this.#handOver = new HandOver({
      store,
      clock: NODE_CLOCK,
      aheadOf: (known) => {
        const ahead = aheadOf(config.journalDir, hello, { settled: known, durable: store.journal.durablePosition })
        if (ahead > 0) voice.log('warn', 'the journal was set back; this dispatcher is given higher numbers', { ahead })
        return ahead
      },
      damaged: (segment, first, last) => {
        voice.log('error', 'records in the journal are damaged and cannot be handed over', { segment, first, last })
      },
      unplaced: (line) => {
        voice.log('error', 'a LOSS is in the journal, and has no place in the order', { record: line.toString() })
      },
      failed: (what, error) => {
        unreadable(error, what)
      },
    })
    const settled = (): number => this.#handOver.settled
    const purged = (): void => {
      this.#holdings.purged()
    }
    this.#keeping = new Keeping({ store, clock: NODE_CLOCK, voice, settled, purged }, config)
    this.#rereading = new Rereading({ store, clock: NODE_CLOCK, voice }, config.verifyEveryMs)
    const cannot = (error: unknown): void => {
      voice.log('warn', 'the status cannot be written', { error: String(error) })
    }
    this.#status = new StatusFile(config.journalDir, NODE_CLOCK, () => this.#report(), cannot)
    this.#intake.onDisk((disk) => {
      this.#tellDisk(disk)
    })
  }

  /** Until it is stopped. */
  async run(plugin: Plugin): Promise<void> {
    this.#voice.heardBy(plugin)
    await this.#intake.begin()
    this.#listeners.use(this.#settings)
    void this.#holdings.begin((error) => {
      this.#voice.log('warn', 'what lies in the journal cannot be counted for the quotas', { error })
    })
    await this.#handOver.run(plugin, plugin.stopping)
  }

  settle(n: number): void {
    this.#handOver.settle(n)
    this.#status.changed()
  }

  async rotate(): Promise<void> {
    await this.#keeping.rotate()
  }

  /** Mistakes change nothing. Whoever is connected stays, unless it is not allowed any more. */
  reload({ settings, problems }: ReadSettings): void {
    for (const problem of problems)
      this.#voice.log(problem.level === 'error' ? 'error' : 'warn', 'in the configuration', {
        problem: formatProblem(problem),
      })
    if (settings === undefined) {
      this.#voice.log('error', 'the configuration has mistakes; going on with the old one')
      return
    }
    const { journalDir, segmentBytes, onDamage, limits } = this.#settings.config
    const { config } = settings
    const isFixed =
      config.journalDir === journalDir &&
      config.segmentBytes === segmentBytes &&
      config.onDamage === onDamage &&
      config.limits.maxStreams === limits.maxStreams
    if (!isFixed)
      this.#voice.log('warn', 'journal_dir, segment_size, on_damage and max_streams take effect at the next start')
    const old = this.#settings
    this.#settings = { ...settings, config: { ...config, journalDir, segmentBytes, onDamage } }
    this.#gate.use(gateSettings(settings), (of, name) => stillProves(old[of], settings[of], name))
    this.#native.reload(serverOptions(this.#settings))
    this.#rmwLimits.reload()
    this.#guard.use(config.nodeCheck)
    this.#keeping.use(config)
    this.#rereading.use(config.verifyEveryMs)
    this.#listeners.use(this.#settings)
    this.#voice.log('info', 'the configuration was read again')
  }

  /** Whoever is connected is told; what was taken is still made durable and acknowledged. */
  async stop(): Promise<void> {
    this.#voice.alone()
    this.#gate.shut()
    this.#listeners.close()
    this.#keeping.close()
    this.#rereading.close()
    this.#native.drain()
    const hasAnswered = await this.#intake.close()
    this.#native.stop()
    this.#gate.clear('stopping')
    if (!hasAnswered) {
      // What follows would wait as well, and who ends us does not.
      this.#voice.log('error', 'the disk does not answer; ending without it, and senders keep what is not acknowledged')
      return
    }
    await this.#handOver.close()
    await this.#status.close()
    await this.#store.close()
  }

  async #freeBytes(): Promise<number | undefined> {
    try {
      const { freeBytes, totalBytes } = await this.#store.read(diskSpace())
      const { minFsFree, lowFsFree, commitDelayMs } = this.#settings.config
      this.#intake.use({
        commitDelayMs,
        lowBytes: bytesToKeepFree(lowFsFree, totalBytes),
        reserveBytes: bytesToKeepFree(minFsFree, totalBytes),
      })
      return freeBytes
    } catch (error) {
      // A file system that does not say how much is free; writing to it will tell.
      if (error instanceof FileError) return undefined
      throw error
    }
  }

  #tellDisk(disk: DiskState): void {
    const dir = this.#settings.config.journalDir
    if (disk === 'ok') this.#voice.log('info', 'the disk of the journal is well again', { dir })
    else if (disk === 'low') this.#voice.log('warn', 'space for the journal is short', { dir })
    else this.#voice.log('error', 'the disk takes nothing more; senders keep their records', { dir, disk })
    this.#status.changed()
  }

  #report(): ReturnType<typeof recvStatus> {
    return recvStatus({
      settings: this.#settings,
      journal: this.#store.journal,
      ledger: this.#ledger,
      rmw: this.#rmw,
      disk: this.#intake.disk,
      bytes: this.#keeping.bytes,
      startedMs: this.#startedMs,
      nowMs: NODE_CLOCK.wallMs(),
      handOver: { last: this.#store.journal.durablePosition, acked: this.#handOver.settled },
      refused: this.#gate.admission.refusals,
    })
  }
}
