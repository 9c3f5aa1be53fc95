// Plays the dispatcher to one process of a string plugin: record lines in, and whatever it likes out.

import { describeExit } from '../../dispatcher/child.js'
import { LineSplitter } from '../../protocol/line-splitter.js'
import { Failed } from './check.js'
import type { PluginUnderTest } from './plugin-under-test.js'
import { looksLikeRecord } from './record-look.js'
import { INPUT_LOOKS } from './rules.js'
import type { Stage } from './stage.js'
import { printable } from './transcript.js'

const LF = 0x0a
/** Who dies without being asked to has died by then. */
const LIVES_MS = 20

export class StringTalk {
  readonly plugin: PluginUnderTest
  readonly #stage: Stage
  #hasSpoken = false

  private constructor(stage: Stage, plugin: PluginUnderTest) {
    this.#stage = stage
    this.plugin = plugin
  }

  static async open(stage: Stage): Promise<StringTalk> {
    const splitter = new LineSplitter({
      lines: (bytes, start, end) => {
        for (let at = start; at < end; at = bytes.indexOf(LF, at) + 1) {
          hear(stage, bytes.subarray(at, bytes.indexOf(LF, at)))
        }
      },
      tooLong: (beginning) => hear(stage, beginning),
    })
    let talk: StringTalk | undefined
    const plugin = await stage.start({
      out: (bytes) => {
        if (talk !== undefined) talk.#hasSpoken = true
        splitter.push(bytes)
      },
      err: (bytes) => {
        for (const line of bytes.toString('latin1').split('\n').filter(Boolean)) {
          stage.transcript.said('E', Buffer.from(line, 'latin1'))
        }
      },
    })
    talk = new StringTalk(stage, plugin)
    return talk
  }

  /** Whether it has printed anything. */
  get hasSpoken(): boolean {
    return this.#hasSpoken
  }

  /** Sends records as fast as the plugin takes them. */
  async deliver(records: readonly Buffer[]): Promise<void> {
    for (const record of records) {
      this.plugin.send(Buffer.concat([record, Buffer.from('\n')]), () => this.#stage.transcript.said('D', record))
    }
    await this.written()
  }

  /** A record without its end. */
  async tear(text: string): Promise<void> {
    this.plugin.send(Buffer.from(text), () => {
      this.#stage.transcript.said('D', text)
      this.#stage.transcript.said('-', 'the line stops there, without its LF')
    })
    await this.written()
  }

  async written(): Promise<void> {
    const { answerMs } = this.#stage.limits
    await this.plugin.until(
      () => !this.plugin.hasUnwritten || this.plugin.exit !== undefined,
      answerMs,
      () => this.plugin.writtenBytes,
    )
    if (!this.plugin.hasUnwritten) return
    const { exit } = this.plugin
    throw new Failed(
      'it reads its stdin',
      exit === undefined ? `not for ${answerMs / 1000} s` : `its end, ${describeExit(exit)}`,
    )
  }

  /** Ends the input, and waits for the end that has to follow. */
  async finish(): Promise<void> {
    await this.livesFor(LIVES_MS, 'all that it was given, until its input ends')
    this.plugin.endInput()
    const exit = await this.ends('the end of its input')
    if (exit.startsWith('signal')) throw new Failed('it ends by itself after the end of its input', exit)
  }

  /** Waits for the end of the process, and tells how it was. */
  async ends(why: string): Promise<string> {
    const { stopMs } = this.#stage.limits
    await this.plugin.until(() => this.plugin.exit !== undefined, stopMs)
    const { exit } = this.plugin
    if (exit === undefined) throw new Failed(`it ends within ${stopMs / 1000} s after ${why}`, 'it still runs')
    return describeExit(exit)
  }

  /** It has to live on for a while in which it is left alone. */
  async livesFor(ms: number, after: string): Promise<void> {
    await this.plugin.until(() => this.plugin.exit !== undefined, ms)
    const { exit } = this.plugin
    if (exit !== undefined) throw new Failed(`it lives on after ${after}`, `its end, ${describeExit(exit)}`)
  }
}

function hear(stage: Stage, line: Buffer): void {
  stage.transcript.said('P', line)
  const { direction, facts } = stage.examinee
  if (direction !== 'in' && direction !== 'both') return
  facts.mostRecords++
  if (looksLikeRecord(line)) return
  stage.violated(INPUT_LOOKS.name, '`[node=… ]type=NAME msg=audit(sec.msec:serial): …`', `'${printable(line)}'`)
}
