// What is said about one plugin: to the admin in the log, and in records of our own to whoever reads the stream.

import { harmlessText } from '../protocol/harmless-text.js'
import type { Herald } from './herald.js'
import type { DropReason } from './ledger.js'
import type { PluginAction } from './plugin-life.js'
import type { OverflowAction } from './settings.js'

/** stderr lines shown with a death; a failure shows all that are kept. */
const LAST_WORDS = 3
/** Of each of them so much: a line of the log must not be too long to be held. */
const SHOWN_CHARACTERS = 300
/** What may happen with every record is told of no more often. */
const PAUSE_MS = 60_000

type Telling = Extract<PluginAction, { do: `tell-${string}` }>

/** What is known of the plugin when its state changes. */
export interface TellingFacts {
  readonly pid: number | undefined
  readonly exe: string
  /** The last stderr lines of the process that died last. */
  readonly lastLines: readonly string[]
  readonly isEnding: boolean
}

export class PluginVoice {
  readonly #plugin: string
  readonly #herald: Herald
  #tooLongMs = -Infinity
  #badRecordMs = -Infinity

  constructor(plugin: string, herald: Herald) {
    this.#plugin = plugin
    this.#herald = herald
  }

  /** What a change of its state asks to be told. */
  tell(action: Telling, about: TellingFacts): void {
    switch (action.do) {
      case 'tell-started':
        return this.#started(about)
      case 'tell-died':
        return action.excused ? this.#endedAlong(action.how, action.restartInMs) : this.#died(action, about)
      case 'tell-failed':
        return this.#failed(action.reason, about)
      case 'tell-stopped':
        return this.#stopped(about.isEnding)
      default:
        action satisfies never
    }
  }

  stalled(pid: number | undefined, queued: number, seconds: number, why: string): void {
    const fields = { plugin: this.#plugin, pid, queued }
    this.#herald.log.warn(fields, `plugin is stalled: ${why} for ${seconds} s; its queue fills`)
  }

  readsAgain(pid: number | undefined, queued: number): void {
    this.#herald.log.info({ plugin: this.#plugin, pid, queued }, 'plugin is no longer stalled')
  }

  /** It goes through all that was begun, and is ended. */
  faulty(why: string): void {
    this.#herald.log.error({ plugin: this.#plugin, why }, 'plugin cannot be worked with; ending it')
  }

  /** Returns the record that says so, which the loser itself cannot take yet. */
  lossBegan(reason: DropReason, queued: number, overflowAction: OverflowAction): Buffer {
    const fields = { plugin: this.#plugin, reason, queued, overflowAction }
    if (overflowAction !== 'ignore') {
      this.#herald.log.warn(fields, 'queue is full: records for this plugin are being dropped')
    }
    return this.#herald.publish({ op: 'loss-begin', fields: { plugin: this.#plugin, reason }, success: false })
  }

  lossEnded(lost: number, overflowAction: OverflowAction): void {
    const fields = { plugin: this.#plugin, lost }
    if (overflowAction !== 'ignore') this.#herald.log.warn(fields, 'queue has room again; records were dropped')
    this.#herald.publish({ op: 'loss-end', fields, success: false })
  }

  /** At the first, and then once in a while; `dropped`: how many there have been in all. */
  tooLong(dropped: number, nowMs: number): void {
    if (nowMs - this.#tooLongMs < PAUSE_MS) return
    this.#tooLongMs = nowMs
    const fields = { plugin: this.#plugin, dropped }
    this.#herald.log.warn(fields, 'a record is too long for the format of this plugin; dropped')
    this.#herald.publish({ op: 'loss', fields: { plugin: this.#plugin, reason: 'too-long', dropped }, success: false })
  }

  /** `line`: the record as the plugin was given it. */
  poisoned(line: Buffer): void {
    const fields = { plugin: this.#plugin, record: harmlessText(line.toString('latin1'), SHOWN_CHARACTERS) }
    this.#herald.log.error(fields, 'plugin died of one record again and again; that record is lost to it')
    this.#herald.publish({ op: 'loss', fields: { plugin: this.#plugin, reason: 'poison', lost: 1 }, success: false })
  }

  /** `text`: the line, fit to be shown. */
  violation(why: string, text: string): void {
    this.#herald.log.warn({ plugin: this.#plugin, why, line: text }, 'plugin violates the line protocol')
  }

  /** It asked for more than is still there. */
  freedAlready(from: number, firstHeld: number): void {
    const fields = { plugin: this.#plugin, from, firstHeld }
    this.#herald.log.warn(fields, 'plugin asks for records that it has acknowledged; they are freed already')
  }

  /** It cannot be heard any more. */
  closedOutput(): void {
    this.#herald.log.warn({ plugin: this.#plugin }, 'plugin has closed its stdout; it is not heard any more')
  }

  /** It ended in the middle of a line. */
  tornLine(bytes: number): void {
    this.#herald.log.warn({ plugin: this.#plugin, bytes }, 'plugin ended in the middle of a line; that is not taken')
  }

  /** At the first, and then once in a while; `count`: how many there have been in all. */
  badRecord(count: number, text: string, nowMs: number): void {
    if (nowMs - this.#badRecordMs < PAUSE_MS) return
    this.#badRecordMs = nowMs
    this.#herald.log.warn({ plugin: this.#plugin, count, line: text }, 'plugin sends what is no record; not taken')
  }

  queueShut(reason: 'failed' | 'stopped', lost: number): void {
    const fields = { plugin: this.#plugin, reason, lost }
    this.#herald.log.warn(fields, 'records that waited for this plugin are dropped')
    this.#herald.publish({ op: 'loss', fields, success: false })
  }

  queueReopened(lost: number): void {
    const fields = { plugin: this.#plugin, lost }
    this.#herald.log.warn(fields, 'records were dropped while this plugin was down')
    this.#herald.publish({ op: 'loss-end', fields, success: false })
  }

  /** What came back at a death is not sure. `beyond`: bytes left unread that are not kept any more. */
  uncertain(beyond: number, isExact: boolean): void {
    const { log } = this.#herald
    const fields = { plugin: this.#plugin, bytes: beyond }
    if (beyond > 0) log.error(fields, 'more was left unread than a pipe holds; that is not given again')
    if (!isExact)
      log.error({ plugin: this.#plugin }, 'something still reads its stdin; what it left unread is not sure')
  }

  line(stderr: string): void {
    this.#herald.log.info({ plugin: this.#plugin, stderr }, 'plugin says')
  }

  leftOut(lines: number): void {
    this.#herald.log.warn({ plugin: this.#plugin, lines }, 'plugin says more than is logged; lines left out')
  }

  #started({ pid, exe }: TellingFacts): void {
    this.#herald.log.info({ plugin: this.#plugin, pid }, 'plugin started')
    this.#herald.publish({ op: 'plugin-start', fields: { plugin: this.#plugin, exe }, success: true })
  }

  #died({ how, restartInMs }: { how: string; restartInMs: number }, { exe, lastLines }: TellingFacts): void {
    const fields = { plugin: this.#plugin, how, restartInMs, lastStderr: lastLines.slice(-LAST_WORDS).map(cut) }
    this.#herald.log.warn(fields, 'plugin died; restarting')
    this.#herald.publish({ op: 'plugin-death', fields: { plugin: this.#plugin, exe, how }, success: false })
  }

  /** A SIGTERM from outside while the daemon ends is meant for all of us and no crash. */
  #endedAlong(how: string, restartInMs: number): void {
    const fields = { plugin: this.#plugin, how, restartInMs }
    this.#herald.log.info(fields, 'plugin was ended along with the daemon; starting it again for what remains')
  }

  #failed(reason: string, { exe, lastLines }: TellingFacts): void {
    const hint = 'plugin failed and stays down; mend its drop-in or its program, then reload'
    this.#herald.log.error({ plugin: this.#plugin, reason, lastStderr: lastLines.map(cut) }, hint)
    this.#herald.publish({ op: 'plugin-failed', fields: { plugin: this.#plugin, exe, reason }, success: false })
  }

  /** `isEnding`: then everybody stops, which the dispatcher's own record has said. */
  #stopped(isEnding: boolean): void {
    this.#herald.log.info({ plugin: this.#plugin }, 'plugin stopped')
    if (!isEnding) this.#herald.publish({ op: 'plugin-stop', fields: { plugin: this.#plugin }, success: true })
  }
}

function cut(line: string): string {
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line
}
