// The plugin: it wants no records. It asks the dispatcher how it is, looks at what the remote pair has written down, and hands both on.

import { formatProblem } from '../../src/config.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import { CommandError, Stopped, type Plugin, type PluginDefinition } from '../../src/sdk/index.js'
import type { MakeSocket } from '../../src/unix-datagram.js'
import { Collection, NoMetrics } from './collection.js'
import type { MetricsConfig, ReadConfig } from './config.js'
import { addDispatcher, MAX_PLUGINS } from './dispatcher-families.js'
import { askDispatcher } from './dispatcher-report.js'
import { expositionOf, type TextKind } from './exposition.js'
import { Families, type Family } from './metric.js'
import { Outputs } from './outputs.js'
import { OwnCounts } from './own-counts.js'
import { OWN } from './own-metrics.js'
import { addRemote } from './remote-families.js'
import { remotePrograms } from './remote-programs.js'

const SECOND_MS = 1000

export interface MetricsMeans {
  readonly clock: Clock
  /** Undefined: there is no unix-dgram. */
  readonly makeSocket: MakeSocket | undefined
}

/** The plugin. `load` reads the configuration again, which stands in `file`. */
export function metricsPlugin(
  first: MetricsConfig,
  file: string,
  load: () => ReadConfig,
  voice: Voice,
  means: MetricsMeans,
): PluginDefinition {
  const metrics = new Metrics(first, file, voice, means)
  return {
    acknowledge: 'never',
    main: (plugin) => metrics.begin(plugin),
    reload: () => metrics.reload(load()),
    stop: () => metrics.stop(),
  }
}

class Metrics {
  readonly #file: string
  readonly #voice: Voice
  readonly #means: MetricsMeans
  readonly #counts = new OwnCounts()
  readonly #collection: Collection
  /** Of one collection, for all who read it. */
  readonly #texts = new WeakMap<readonly Family[], Map<TextKind, Promise<string>>>()
  #config: MetricsConfig
  #plugin: Plugin | undefined
  #outputs: Outputs | undefined
  #stopTicking: () => void = () => {}

  constructor(config: MetricsConfig, file: string, voice: Voice, means: MetricsMeans) {
    this.#config = config
    this.#file = file
    this.#voice = voice
    this.#means = means
    this.#collection = new Collection(() => this.#collect(), means.clock)
  }

  async begin(plugin: Plugin): Promise<void> {
    this.#plugin = plugin
    this.#voice.heardBy(plugin)
    await this.#open()
  }

  /** Mistakes change nothing; and where nothing has changed, nothing is interrupted. */
  async reload({ config, problems }: ReadConfig): Promise<void> {
    for (const problem of problems)
      this.#voice.log(problem.level === 'error' ? 'error' : 'warn', formatProblem(problem))
    if (config === undefined) {
      this.#voice.log('error', 'the configuration has mistakes; going on with the old one')
      return
    }
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return
    await this.#close()
    this.#config = config
    await this.#open()
    this.#voice.log('info', 'the configuration was read again')
  }

  async stop(): Promise<void> {
    this.#voice.alone()
    await this.#close()
  }

  async #open(): Promise<void> {
    const { clock, makeSocket } = this.#means
    const outputs = new Outputs(this.#config, {
      clock,
      voice: this.#voice,
      counts: this.#counts,
      makeSocket,
      text: (kind) => this.#text(kind),
      families: () => this.#collection.latest(),
    })
    this.#outputs = outputs
    const tickLater = (): void => {
      this.#stopTicking = clock.after(this.#config.intervalMs, () => {
        tickLater()
        outputs.tick()
      })
    }
    tickLater()
    await outputs.begin()
  }

  async #close(): Promise<void> {
    this.#stopTicking()
    await this.#outputs?.close()
  }

  async #text(kind: TextKind): Promise<string> {
    const families = await this.#collection.latest()
    const texts = this.#texts.get(families) ?? new Map<TextKind, Promise<string>>()
    this.#texts.set(families, texts)
    const text = texts.get(kind) ?? expositionOf(families, kind)
    texts.set(kind, text)
    return text
  }

  async #collect(): Promise<readonly Family[]> {
    const { clock } = this.#means
    const { remoteDirs, maxStreams } = this.#config
    const beginMs = clock.monotonicMs()
    const families = new Families()
    const plugin = this.#plugin
    if (plugin === undefined) throw new NoMetrics('the dispatcher has not said anything yet')
    try {
      addDispatcher(families, await askDispatcher((from) => plugin.stats(from), MAX_PLUGINS))
    } catch (error) {
      if (!(error instanceof CommandError) && !(error instanceof Stopped)) throw error
      throw new NoMetrics(`the dispatcher does not answer: ${error.message}`, { cause: error })
    }
    const programs = await remotePrograms(this.#file, remoteDirs, (file, why) => {
      this.#voice.log('warn', 'a status of the remote pair cannot be read', { file, why })
    })
    addRemote(families, programs, maxStreams)
    this.#counts.addTo(families)
    families.add(OWN.scrape, (clock.monotonicMs() - beginMs) / SECOND_MS)
    return families.all()
  }
}
