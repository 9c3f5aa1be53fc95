import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { HEADER_BYTES, ID_BYTES, MAX_NOTE_BYTES } from '../../src/journal/block.js'
import type { GapLine } from '../../src/journal/gap.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { version } from '../../src/version.js'
import { deedFor, NOTHING_TOLD, wellAgain, type Told, type Trouble } from './admin-actions.js'
import { managedUplink } from './managed-uplink.js'
import { nativeUplink } from './native-uplink.js'
import { nodeDial } from './node-dial.js'
import { NODE_CLOCK, NODE_RANDOM } from '../../src/remote/node-world.js'
import type { Settings } from './settings.js'
import type { Level, Saying, Uplink, UplinkHost, UplinkMaker, UplinkStatus } from './uplink.js'

export interface SendingHost {
  readonly store: JournalStore
  readonly gapLine: GapLine
  log(level: Level, text: string, fields?: Readonly<Record<string, string | number>>): void
  acked(seq: number, chain: Buffer): void
  /** Something that people would want to see. */
  changed(): void
  /** Runs what the admin has defined in the dispatcher's configuration. */
  run(action: string): void
}

/** `suspended`: until SIGUSR2 or a reload. `stopped`: until a reload. */
type Mode = 'on' | 'suspended' | 'stopped'

/** One after another, the uplinks that carry the spool away, and what the admin wants done about what they say. */
export class Sending {
  readonly #host: SendingHost
  readonly #identity = {
    instance: randomBytes(ID_BYTES).toString('hex'),
    bootId: bootId(),
    agent: `audispd ${version()}`,
  }
  #settings: Settings
  #uplink: Uplink
  #mode: Mode = 'on'
  #told: Told = NOTHING_TOLD

  constructor(host: SendingHost, settings: Settings) {
    this.#host = host
    this.#settings = settings
    this.#uplink = this.#make()
  }

  get status(): UplinkStatus {
    return this.#uplink.status
  }

  durable(): void {
    this.#uplink.durable()
  }

  /** Settings that have changed take another uplink; it goes on where both sides say that they are. */
  async use(settings: Settings): Promise<void> {
    const isSame = isDeepStrictEqual(settings, this.#settings)
    this.#settings = settings
    this.#told = NOTHING_TOLD
    this.#mode = 'on'
    if (isSame) {
      this.#uplink.resume()
      return
    }
    await this.#uplink.close()
    this.#uplink = this.#make()
    // The spool may have been in trouble meanwhile.
    if (this.#mode !== 'on') this.#uplink.suspend()
  }

  /** The admin says so by a signal. */
  resume(): void {
    if (this.#mode !== 'suspended') return
    this.#mode = 'on'
    this.#uplink.resume()
  }

  /** Something for which the admin may have chosen what is to be done. */
  trouble(what: Trouble, text: string): void {
    const { told, deed } = deedFor(what, this.#settings.config.actions, this.#told)
    this.#told = told
    switch (deed.kind) {
      case 'nothing':
        return
      case 'tell':
        this.#host.log('warn', 'trouble with sending; the records are kept', { what, says: text })
        return
      case 'suspend':
      case 'stop':
        this.#host.log('error', 'sending stops, as the admin wants; the records are kept', {
          what,
          until: deed.kind === 'stop' ? 'reload' : 'SIGUSR2',
        })
        this.#mode = deed.kind === 'stop' ? 'stopped' : 'suspended'
        this.#uplink.suspend()
        return
      case 'run':
        this.#host.log('error', 'an action is run, as the admin wants; the records are kept', {
          what,
          action: deed.name,
        })
        this.#host.run(deed.name)
        return
    }
    deed satisfies never
  }

  close(): Promise<void> {
    return this.#uplink.close()
  }

  #make(): Uplink {
    const { config, credentials } = this.#settings
    const { servers, protocol, channel, localPort, connectTimeoutMs, onDamage } = config
    const host: UplinkHost = {
      store: this.#host.store,
      clock: NODE_CLOCK,
      random: NODE_RANDOM,
      servers,
      dial: nodeDial({ protocol, channel, credentials, localPort, connectTimeoutMs }),
      log: (level, text, fields) => {
        this.#host.log(level, text, fields)
        this.#host.changed()
      },
      acked: (seq, chain) => {
        this.#host.acked(seq, chain)
      },
      peerSays: (what, text) => {
        this.#says(what, text)
      },
      damaged: (firstSeq, lastSeq) => {
        const fields = { first: firstSeq, last: lastSeq, onDamage }
        this.#host.log('error', 'records in the spool are damaged', fields)
        return onDamage
      },
    }
    return this.#maker()(host)
  }

  #maker(): UplinkMaker {
    const { config } = this.#settings
    const { connectTimeoutMs, networkRetry, maxTriesPerRecord } = config
    switch (config.protocol) {
      case 'native':
        return nativeUplink({
          ...this.#identity,
          maxBlock: HEADER_BYTES + MAX_NOTE_BYTES + config.maxBlockBytes,
          windowBytes: config.windowMaxBytes,
          retry: networkRetry,
          maxTries: maxTriesPerRecord,
        })
      case 'managed':
        return managedUplink({
          gapLine: this.#host.gapLine,
          window: config.window,
          heartbeatMs: config.heartbeatTimeoutMs,
          answerMs: config.maxTimePerRecordMs,
          connectMs: connectTimeoutMs,
          firstRetryMs: networkRetry.firstMs,
          longestRetryMs: networkRetry.longestMs,
          maxTries: maxTriesPerRecord,
        })
    }
    return config.protocol satisfies never
  }

  #says(what: Saying, text: string): void {
    if (what === 'well') this.#told = wellAgain(this.#told)
    else this.trouble(what, text)
    this.#host.changed()
  }
}

/** For people: whether a sender's machine was started anew in between. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().replaceAll('-', '')
  } catch {
    // ENOENT: a container without it.
    return ''
  }
}
