// The program: packets of one source become records.
//
// Each record is sent under the position of its line in the source, and what is settled is written down. A process that follows one that
// was killed goes on there, and sends again what may not have arrived; what has arrived the dispatcher knows by its position. So while the
// dispatcher lives nothing is lost and nothing comes twice.

import { formatProblem } from '../../src/config.js'
import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import type { Voice } from '../../src/remote/voice.js'
import { BadConfiguration, RefusedRecord, Stopped, type Plugin, type PluginDefinition } from '../../src/sdk/index.js'
import type { IptablesConfig, ReadConfig } from './config.js'
import { Intake } from './intake.js'
import { KernelOutput } from './kernel-output.js'
import { openSource, sourceName } from './open-source.js'
import type { Packet } from './packet.js'
import { packetMessage, packetRecord } from './packet-record.js'
import { Positions } from './positions.js'
import { Spell } from './spell.js'
import type { Place, Source, SourceEvents } from './source.js'

/** The plugin. `load` reads the configuration, at the start and at each reload. */
export function iptables(load: () => ReadConfig, voice: Voice): PluginDefinition {
  let running: Iptables | undefined
  return {
    positions: true,
    open() {
      const { config, problems } = load()
      if (config === undefined) throw new BadConfiguration(problems.map(formatProblem).join('\n'))
      for (const problem of problems) voice.log('warn', 'in the configuration', { problem: formatProblem(problem) })
      running = new Iptables(config, voice)
    },
    main: async (plugin) => running?.run(plugin),
    settled: (n) => {
      running?.settled(n)
    },
    refused: ({ n, code, message }) => {
      voice.log('warn', 'the dispatcher does not take a record', { position: n, code, message })
    },
    reload: () => {
      running?.reload(load())
    },
    stop: () => {
      running?.stop()
    },
  }
}

/** The source that is read, and where its positions are kept. */
interface Current {
  readonly source: Source
  readonly positions: Positions
}

class Iptables {
  readonly #voice: Voice
  readonly #intake: Intake
  readonly #kernel: KernelOutput
  #config: IptablesConfig
  #plugin: Plugin | undefined
  #current: Current | undefined
  /** Aborted when another source is to be read. */
  #reading = new AbortController()
  #settledTo = 0
  #absent = ''
  readonly #odd: Spell
  readonly #held: Spell
  readonly #overrun: Spell
  /** What was wrong with the last odd line. */
  #why = ''

  constructor(config: IptablesConfig, voice: Voice) {
    this.#config = config
    this.#voice = voice
    this.#kernel = new KernelOutput(voice)
    this.#intake = new Intake(config, (...packet) => this.#send(...packet), Date.now, {
      odd: (why) => {
        this.#why = why
        this.#odd.add(1)
      },
      heldBack: () => {
        this.#held.add(1)
      },
    })
    const nowMs = (): number => performance.now()
    const { log } = voice
    this.#odd = new Spell(
      nowMs,
      () => {
        log('warn', 'a line looks like a packet and cannot be read; passed over', { why: this.#why })
      },
      (lines) => {
        log('warn', 'lines were passed over', { lines, why: this.#why })
      },
    )
    this.#held = new Spell(
      nowMs,
      () => {
        log('warn', 'more packets than max_per_second; holding back', { maxPerSecond: this.#config.maxPerSecond })
      },
      (packets) => {
        log('warn', 'packets were held back', { packets })
      },
    )
    this.#overrun = new Spell(
      nowMs,
      () => {
        log('warn', 'the kernel overwrites messages before they are read')
      },
      (lost) => {
        log('warn', 'messages of the kernel are lost', { lost })
      },
    )
  }

  /** Until the plugin is to stop. */
  async run(plugin: Plugin): Promise<void> {
    this.#plugin = plugin
    if (this.#config.output === 'dispatcher') this.#voice.heardBy(plugin)
    this.#settledTo = plugin.hello.received
    for (let least = 0; !plugin.stopping.aborted; least = this.#settledTo) {
      this.#reading = new AbortController()
      const run = this.#open(plugin, least)
      this.#current = run
      try {
        await this.#intake.run(run.source, AbortSignal.any([plugin.stopping, this.#reading.signal]), () => {
          this.settled(0)
          for (const spell of this.#spells) spell.look()
        })
        // What the next source gives is numbered above all that was sent.
        await plugin.settled()
        this.settled(0)
      } catch (error) {
        if (!(error instanceof Stopped)) throw error
      }
      this.#save()
      run.source.close()
      this.#current = undefined
    }
  }

  /** Everything up to position n is settled. */
  settled(n: number): void {
    this.#settledTo = Math.max(this.#settledTo, this.#plugin?.unsettled === 0 ? this.#intake.done : n)
    const { source, positions } = this.#current ?? {}
    if (source !== undefined) positions?.reached(this.#settledPlace(source))
  }

  reload({ config, problems }: ReadConfig): void {
    for (const problem of problems) this.#voice.log('warn', 'in the configuration', { problem: formatProblem(problem) })
    if (config === undefined) {
      this.#voice.log('error', 'the configuration has mistakes; going on with the old one')
      return
    }
    const old = this.#config
    if (config.output !== old.output) this.#voice.log('warn', 'output changes only with the next start')
    this.#config = { ...config, output: old.output }
    this.#intake.set(this.#config)
    this.#voice.log('info', 'the configuration was read again')
    if (sourceName(config) !== sourceName(old) || config.positionFile !== old.positionFile) this.#reading.abort()
  }

  stop(): void {
    this.#voice.alone()
    for (const spell of this.#spells) spell.end()
    this.#save()
  }

  get #spells(): readonly Spell[] {
    return [this.#odd, this.#held, this.#overrun]
  }

  #save(): void {
    const { source, positions } = this.#current ?? {}
    if (source !== undefined) positions?.save(this.#settledPlace(source))
  }

  /** What was read and is not settled lies behind it. */
  #settledPlace(source: Source): Place {
    return source.placeAt(this.#settledTo)
  }

  /** `least`: what a number has to be above, whatever the position file says. */
  #open(plugin: Plugin, least: number): Current {
    const config = this.#config
    const positions = new Positions(config.positionFile, sourceName(config), this.#voice, () => performance.now())
    const start = positions.start(this.#settledTo)
    const place = raised(start.place, least)
    if (place !== undefined && place !== start.place) positions.save(place)
    try {
      const source = openSource(config, { ...start, place }, this.#events(plugin, positions, config.file))
      this.#settledTo = source.position
      return { source, positions }
    } catch (error) {
      if (errorCode(error) === '') throw error
      throw new BadConfiguration(`${config.file}: cannot be read: ${errorText(error)}`)
    }
  }

  #events(plugin: Plugin, positions: Positions, file: string): SourceEvents {
    const { log } = this.#voice
    return {
      overrun: (lost) => {
        this.#overrun.add(lost)
      },
      truncated: () => {
        log('info', 'the file was emptied; reading it from its beginning', { file })
      },
      gone: () => {
        log('warn', 'the file in which reading had stopped is gone, with what was unread; going on in the next one', {
          file,
        })
      },
      absent: (why) => {
        if (why !== '' && this.#absent === '') log('warn', 'there is no file to read; waiting for it', { file, why })
        if (why === '' && this.#absent !== '') log('info', 'the file to read is there', { file })
        this.#absent = why
      },
      settle: () => plugin.settled(),
      moved: (place) => {
        positions.save(place)
      },
    }
  }

  async #send(packet: Packet, position: number, heldBack: number): Promise<boolean> {
    const plugin = this.#plugin
    if (plugin === undefined) return false
    if (this.#config.output === 'kernel')
      return this.#kernel.send(packetMessage(packet, Date.now(), heldBack), plugin.stopping)
    try {
      await plugin.send(packetRecord(packet, sourceName(this.#config), position, Date.now(), heldBack), position)
      return true
    } catch (error) {
      // What auditd starts can send nothing to it.
      if (error instanceof RefusedRecord && error.code === 'denied') throw new BadConfiguration(error.message)
      throw error
    }
  }
}

/** The same place, counted so that its position is `least` or more. */
function raised(place: Place | undefined, least: number): Place | undefined {
  if (place === undefined || place.base + place.offset >= least) return place
  return { ...place, base: least - place.offset }
}
