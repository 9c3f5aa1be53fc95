// The program: what the dispatcher gives goes into the spool, and an uplink carries it on. The dispatcher waits for the spool's disk and
// for nothing else; the network is the uplink's affair, and may take as long as it takes.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { formatProblem } from '../../src/config.js'
import { author } from '../../src/config/author.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { gapRecord } from '../../src/journal/gap-record.js'
import type { GapLine } from '../../src/journal/gap.js'
import { JournalError } from '../../src/journal/journal-error.js'
import { DEFAULT_OPTIONS } from '../../src/journal/opening.js'
import { StatusFile } from '../../src/remote/status-file.js'
import { BadConfiguration, type Gap, type Hello, type Plugin, type PluginDefinition } from '../../src/sdk/index.js'
import { Keeping } from './keeping.js'
import { Lag } from './lag.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { runId } from './run-id.js'
import { sendStatus } from './send-status.js'
import { Sending } from './sending.js'
import type { ReadSettings, Settings } from './settings.js'
import { Spool, type SpoolOptions } from './spool.js'
import type { Voice } from '../../src/remote/voice.js'

const DIR_MODE = 0o700
/** A spool is whole segments; with fewer, freeing the oldest would free most of it. */
const LEAST_SEGMENTS = 8

/** The plugin. `load` reads the configuration, at the start and at each reload. */
export function remoteSend(load: () => ReadSettings, voice: Voice): PluginDefinition {
  let running: RemoteSend | undefined
  const there = (): RemoteSend => {
    if (running === undefined) throw new Error('not open')
    return running
  }
  process.on('SIGUSR2', () => {
    running?.resume()
  })
  return {
    acknowledge: 'manual',
    async open(hello) {
      running = await RemoteSend.open(firstSettings(load(), voice), hello, voice)
    },
    from: (hello) => there().from(hello),
    // What runs beside the records begins with the first of them.
    main: async (plugin) => there().begin(plugin),
    records: (batch) => there().spool.take(batch.lines(there().pieceBytes)),
    lost: (gap) => {
      there().lost(gap)
    },
    reload: () => there().reload(load()),
    stop: () => there().stop(),
  }
}

function firstSettings({ settings, problems }: ReadSettings, voice: Voice): Settings {
  if (settings === undefined) throw new BadConfiguration(problems.map(formatProblem).join('\n'))
  for (const problem of problems) voice.log('warn', formatProblem(problem))
  return settings
}

class RemoteSend {
  readonly #journal: DiskJournal
  readonly #gapLine: GapLine
  readonly #voice: Voice
  readonly #keeping: Keeping
  readonly #lag = new Lag()
  readonly #startedMs = Date.now()
  readonly spool: Spool
  /** Lines are given to the journal in pieces of at most this. */
  readonly pieceBytes: number
  #settings: Settings
  #plugin: Plugin | undefined
  #sending: Sending | undefined
  #status: StatusFile | undefined

  static async open(settings: Settings, hello: Hello, voice: Voice): Promise<RemoteSend> {
    const gapLine: GapLine = (gap) => gapRecord(gap, author(), hello.node)
    const journal = await openJournal(settings, gapLine)
    const { tornBytes, damages, missingTail } = journal.journal.report
    if (damages.length > 0 || missingTail > 0)
      voice.log('error', 'the spool was damaged; what is missing is entered as LOSS', {
        places: damages.length,
        missingTail,
      })
    if (tornBytes > 0) voice.log('info', 'an unfinished commit was cut from the spool', { bytes: tornBytes })
    let opened: RemoteSend | undefined
    const spool = await Spool.open(
      {
        store: journal,
        clock: NODE_CLOCK,
        log: voice.log,
        ack: (seq) => opened?.acknowledge(seq),
        changed: () => opened?.durable(),
        troubled: (what, text) => opened?.troubled(what, text),
      },
      spoolOptions(settings),
    )
    opened = new RemoteSend(settings, journal, gapLine, voice, spool)
    return opened
  }

  private constructor(settings: Settings, journal: DiskJournal, gapLine: GapLine, voice: Voice, spool: Spool) {
    this.#settings = settings
    this.#journal = journal
    this.#gapLine = gapLine
    this.#voice = voice
    this.spool = spool
    this.pieceBytes = settings.config.maxBlockBytes
    const freed = (): void => {
      spool.roomFreed()
      this.durable()
    }
    this.#keeping = new Keeping({ store: journal, clock: NODE_CLOCK, log: voice.log, freed }, keepingLimits(settings))
  }

  from(hello: Hello): number | undefined {
    return this.spool.begin(runId(hello.run))
  }

  begin(plugin: Plugin): void {
    this.#plugin = plugin
    this.#voice.heardBy(plugin)
    // Before stop(), which waits for the batch in hand, as that does for room.
    plugin.stopping.addEventListener('abort', () => {
      this.spool.end()
    })
    const host = {
      store: this.#journal,
      gapLine: this.#gapLine,
      log: this.#voice.log,
      acked: (seq: number, chain: Buffer) => {
        this.#lag.acked(seq)
        this.#keeping.acked(seq, chain)
        this.#status?.changed()
      },
      changed: () => this.#status?.changed(),
      run: (action: string) => {
        // What is refused is told by the SDK.
        void plugin.action(action)
      },
    }
    this.#sending = new Sending(host, this.#settings)
    let told = ''
    const cannot = (error: unknown): void => {
      // On a full disk it would be said every second.
      if (String(error) === told) return
      told = String(error)
      this.#voice.log('warn', 'the status cannot be written', { error: told })
    }
    this.#status = new StatusFile(this.#settings.config.spoolDir, NODE_CLOCK, () => this.#report(), cannot)
    this.durable()
  }

  lost({ count, first, last, reason }: Gap): void {
    this.spool.gap(count, first, last, reason)
  }

  /** Mistakes change nothing. What is open is carried on with the new settings. */
  async reload({ settings, problems }: ReadSettings): Promise<void> {
    for (const problem of problems)
      this.#voice.log(problem.level === 'error' ? 'error' : 'warn', formatProblem(problem))
    if (settings === undefined) {
      this.#voice.log('error', 'the configuration has mistakes; going on with the old one')
      return
    }
    const { spoolDir } = this.#settings.config
    if (settings.config.spoolDir !== spoolDir)
      this.#voice.log('warn', 'spool_dir takes effect when remote-send is started anew', { spoolDir })
    this.#settings = { ...settings, config: { ...settings.config, spoolDir } }
    this.spool.use(spoolOptions(this.#settings))
    this.#keeping.use(keepingLimits(this.#settings))
    await this.#sending?.use(this.#settings)
    this.#voice.log('info', 'the configuration was read again')
  }

  /** By a signal: what an action has suspended goes on. */
  resume(): void {
    this.spool.resume()
    this.#sending?.resume()
    this.#status?.changed()
  }

  /** Nothing waits for the network. */
  async stop(): Promise<void> {
    this.#voice.alone()
    await this.spool.close()
    await this.#sending?.close()
    this.#keeping.close()
    await this.#status?.close()
    await this.#journal.close()
  }

  acknowledge(seq: number): void {
    this.#plugin?.ack(seq)
  }

  durable(): void {
    const own = this.#journal.journal.durable()
    if (own !== undefined && own.lastSeq > this.#journal.journal.acked.seq) this.#lag.durable(own.lastSeq, own.takenMs)
    this.#sending?.durable()
    this.#status?.changed()
  }

  troubled(what: 'overflow' | 'queue-error', text: string): void {
    const { onFull } = this.#settings.config
    const action =
      onFull.kind === 'exec' ? onFull.name : onFull.kind === 'single' || onFull.kind === 'halt' ? onFull.kind : ''
    if (what === 'overflow' && action !== '') void this.#plugin?.action(action)
    this.#sending?.trouble(what, text)
    this.#status?.changed()
  }

  #report(): ReturnType<typeof sendStatus> {
    const { journal } = this.#journal
    const sending = this.#sending
    if (sending === undefined) throw new Error('nothing is sent yet')
    const uplink = sending.status
    const holes = { entries: uplink.skippedSeqs > 0 ? 1 : 0, records: uplink.skippedSeqs }
    const lagMs = this.#lag.ageMs(Date.now())
    return sendStatus({
      settings: this.#settings,
      journal,
      spool: this.spool.status,
      uplink,
      startedMs: this.#startedMs,
      lagMs,
      holes,
    })
  }
}

async function openJournal({ config }: Settings, gapLine: GapLine): Promise<DiskJournal> {
  const { spoolDir, onDamage, maxBlockBytes, maxBytes } = config
  mkdirSync(dirname(spoolDir), { recursive: true, mode: DIR_MODE })
  const segmentBytes = Math.min(DEFAULT_OPTIONS.segmentBytes, Math.floor(maxBytes / LEAST_SEGMENTS))
  try {
    return await DiskJournal.open(spoolDir, gapLine, { onDamage, blockBytes: maxBlockBytes, segmentBytes })
  } catch (error) {
    // Only an admin can do something about it; who else has it open may be gone when this is started again.
    if (error instanceof JournalError && error.code !== 'locked')
      throw new BadConfiguration(`${spoolDir}: ${error.message}`)
    throw error
  }
}

function spoolOptions({ config }: Settings): SpoolOptions {
  const { maxBytes, minFsFree, onFull } = config
  return { maxBytes, minFsFree, onFull }
}

function keepingLimits({ config }: Settings): { readonly maxBytes: number; readonly maxAgeMs: number } {
  return { maxBytes: config.retainAfterAck.bytes, maxAgeMs: config.retainAfterAck.ms }
}
