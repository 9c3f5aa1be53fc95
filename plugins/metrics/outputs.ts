// The outputs that metrics.conf asks for: one is scraped, three are fed at an interval. What one of them cannot do is told and counted,
// tried again at the next interval, and keeps no other from its work.

import { hostname } from 'node:os'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import type { MakeSocket } from '../../src/unix-datagram.js'
import { NoMetrics } from './collection.js'
import type { MetricsConfig } from './config.js'
import { expositionOf } from './exposition.js'
import { Graphite, graphiteLine } from './graphite.js'
import type { Family } from './metric.js'
import type { Output, OwnCounts } from './own-counts.js'
import { ScrapeServer, type TextSource } from './scrape-server.js'
import { pathRoot, seriesPath } from './series-path.js'
import { StatsdLines } from './statsd-lines.js'
import { sendToStatsd } from './statsd.js'
import { removeTextfile, writeTextfile } from './textfile.js'

export interface OutputWorld {
  readonly clock: Clock
  readonly voice: Voice
  readonly counts: OwnCounts
  /** Undefined: there is no unix-dgram. */
  readonly makeSocket: MakeSocket | undefined
  /** For scrapers. */
  readonly text: TextSource
  /** Rejects with NoMetrics. */
  readonly families: () => Promise<readonly Family[]>
}

export class Outputs {
  readonly #config: MetricsConfig
  readonly #world: OutputWorld
  readonly #root: string
  readonly #statsd: StatsdLines
  readonly #graphite: Graphite | undefined
  /** Of the last time; what goes on is told once. */
  readonly #failing = new Set<Output>()
  #server: ScrapeServer | undefined
  /** What is being done for an interval. */
  #turn: Promise<void> | undefined
  #isClosed = false

  constructor(config: MetricsConfig, world: OutputWorld) {
    this.#config = config
    this.#world = world
    this.#root = pathRoot(config.prefix, config.hostName === '' ? hostname() : config.hostName)
    this.#statsd = new StatsdLines(this.#root)
    if (config.graphite !== undefined) {
      this.#graphite = new Graphite(config.graphite, config.bufferBytes, world.clock, {
        dropped: (lines) => {
          world.counts.droppedLines += lines
        },
        connected: () => {
          this.#works('graphite')
        },
        failed: (why) => {
          this.#failed('graphite', why)
        },
      })
    }
  }

  /** Opens what is to be listened on, and feeds the others for the first time. */
  async begin(): Promise<void> {
    this.tick()
    await this.#turn
  }

  /** An interval has gone by. While the turn before is not over, as the dispatcher does not answer, there is none. */
  tick(): void {
    this.#turn ??= this.#feed().finally(() => {
      this.#turn = undefined
    })
  }

  /** The text file goes, as nobody would see that it is old. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#turn
    this.#server?.close()
    this.#graphite?.close()
    const { textfile } = this.#config
    if (textfile !== undefined) await this.#try('textfile', () => removeTextfile(textfile))
  }

  async #feed(): Promise<void> {
    await this.#listen()
    const { textfile, statsd } = this.#config
    if (textfile === undefined && statsd === undefined && this.#graphite === undefined) return
    let families: readonly Family[]
    try {
      families = await this.#world.families()
    } catch (error) {
      if (!(error instanceof NoMetrics)) throw error
      this.#world.voice.log('warn', 'there are no metrics to be had', { why: error.message })
      return
    }
    if (textfile !== undefined)
      await this.#try('textfile', async () => writeTextfile(textfile, await expositionOf(families, 'prometheus')))
    if (statsd !== undefined)
      await this.#try('statsd', () => sendToStatsd(statsd, this.#statsd.next(families), this.#world.makeSocket))
    this.#graphite?.send(this.#graphiteLines(families))
  }

  #graphiteLines(families: readonly Family[]): string[] {
    const nowMs = this.#world.clock.wallMs()
    return families.flatMap(({ metric, samples }) =>
      samples.map(({ labels, value }) => graphiteLine(seriesPath(this.#root, metric, labels), value, nowMs)),
    )
  }

  async #listen(): Promise<void> {
    const { listen, socketMode } = this.#config
    if (listen === undefined || this.#server !== undefined || this.#isClosed) return
    const { clock, counts, voice, text } = this.#world
    await this.#try('listen', async () => {
      this.#server = await ScrapeServer.open(listen, socketMode, text, clock, {
        refused: () => {
          counts.refusedConnections++
        },
        failed: (why) => {
          voice.log('warn', 'a scraper got nothing', { why })
        },
      })
    })
  }

  async #try(output: Output, attempt: () => Promise<void>): Promise<void> {
    try {
      await attempt()
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError) throw error
      return this.#failed(output, error.message)
    }
    this.#works(output)
  }

  #works(output: Output): void {
    if (this.#failing.delete(output)) this.#world.voice.log('info', 'an output works again', { output })
  }

  #failed(output: Output, why: string): void {
    const { counts, voice } = this.#world
    counts.failedWrites[output]++
    if (this.#failing.has(output)) return
    this.#failing.add(output)
    voice.log('warn', 'an output cannot be written; trying again at the next interval', { output, why })
  }
}
