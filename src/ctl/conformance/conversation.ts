// Plays the dispatcher to one process of a plugin that speaks the line protocol, and nothing but what the contract says:
// so that what fails here fails by the contract.

import { randomUUID } from 'node:crypto'
import { describeExit } from '../../dispatcher/child.js'
import type { Command, CommandMistake } from '../../protocol/command.js'
import { DEFAULT_WINDOW, type ReadyOptions } from '../../protocol/line.js'
import { Failed } from './check.js'
import { InputSide } from './input-side.js'
import { Listener, MAY_BE_DENIED } from './listener.js'
import { helloText, type Opening } from './opening.js'
import type { PluginUnderTest } from './plugin-under-test.js'
import type { Stage } from './stage.js'

const LF = 0x0a
/** Who dies without being asked to has died by then. */
const LIVES_MS = 20
const NO_OPTIONS: ReadyOptions = { ack: false, positions: false, from: undefined, window: DEFAULT_WINDOW }

export class Conversation {
  readonly run: string
  readonly input: InputSide
  readonly plugin: PluginUnderTest
  readonly #stage: Stage
  readonly #listener: Listener
  readonly #deniesCommands: boolean
  #next: number
  #options = NO_OPTIONS
  #inFlight: number[] = []
  #isPaused = false
  #isTorn = false

  private constructor(stage: Stage, parts: Parts, opening: Opening) {
    this.#stage = stage
    this.plugin = parts.plugin
    this.input = parts.input
    this.#listener = parts.listener
    this.run = opening.run ?? randomUUID()
    this.#next = opening.next ?? 1
    this.#deniesCommands = parts.deniesCommands
  }

  /** Starts a process, but says nothing yet. */
  static async begin(stage: Stage, opening: Opening = {}, deniesCommands = false): Promise<Conversation> {
    const input = new InputSide(stage, opening.inWindow ?? DEFAULT_WINDOW)
    const listener = new Listener(stage, input, (command, mistake) => {
      // Nothing is heard before there is one.
      if (conversation !== undefined) conversation.#answer(command, mistake)
    })
    let conversation: Conversation | undefined
    const plugin = await stage.start({
      out: (bytes) => {
        listener.hear(bytes)
        const settlement = input.settlement()
        if (settlement !== undefined) conversation?.say(settlement)
      },
      err: (bytes) => {
        for (const line of bytes.toString('latin1').split('\n').filter(Boolean)) {
          stage.transcript.said('E', Buffer.from(line, 'latin1'))
        }
      },
    })
    conversation = new Conversation(stage, { plugin, input, listener, deniesCommands }, opening)
    return conversation
  }

  /** Starts a process and comes to terms with it. */
  static async open(stage: Stage, opening: Opening = {}): Promise<Conversation> {
    const conversation = await Conversation.begin(stage, opening)
    await conversation.greet(opening)
    return conversation
  }

  /** Says HELLO, and takes READY. */
  async greet(opening: Opening = {}): Promise<void> {
    const { before } = opening
    this.say(helloText(opening, this.run, this.#next))
    if (before !== undefined) {
      this.#listener.settledTo(before.ackedTo)
      this.#listener.sentTo = before.sentTo
    }
    await this.until(() => this.#listener.ready !== undefined, this.#stage.limits.readyMs, 'READY 1 in answer to HELLO')
    const { ready } = this.#listener
    if (ready === undefined) throw new Error('no READY after all')
    if (ready.version !== 1) throw new Failed('READY 1: the only version that there is', `'${ready.line}'`)
    if ('mistake' in ready.options) {
      throw new Failed('READY with options that the contract knows', `'${ready.line}': ${ready.options.mistake}`)
    }
    this.#options = ready.options
    this.#settleFrom(ready.line, before?.sentTo ?? this.#next - 1, before?.ackedTo ?? 0)
  }

  get hasAck(): boolean {
    return this.#options.ack
  }

  get options(): ReadyOptions {
    return this.#options
  }

  get firstLine(): string {
    return this.#listener.firstLine
  }

  get pongs(): readonly number[] {
    return this.#listener.pongs
  }

  get sentTo(): number {
    return this.#listener.sentTo
  }

  get ackedTo(): number {
    return this.#listener.ackedTo
  }

  /** The seq that the next record gets if nobody says another. */
  get next(): number {
    return this.#next
  }

  /** A line with its LF, or a piece of one. Behind a piece nothing is said any more: it would become a line by that. */
  say(text: string | Buffer, onWritten: () => void = () => {}): void {
    if (this.#isTorn) return
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    const isWhole = bytes.at(-1) === LF
    this.#isTorn = !isWhole
    this.plugin.send(bytes, () => {
      this.#stage.transcript.said('D', isWhole ? bytes.subarray(0, -1) : bytes)
      if (!isWhole) this.#stage.transcript.said('-', 'the line stops there, without its LF')
      onWritten()
    })
  }

  ping(n: number): void {
    this.#listener.pings.push(n)
    this.say(`PING ${n}\n`)
  }

  /** Puts a record on its way; the window is the caller's business. */
  record(record: Buffer, seq = this.#next): void {
    const line = Buffer.concat([Buffer.from(`RECORD ${seq} `), record, Buffer.from('\n')])
    this.#sendCounted(line, seq)
  }

  /** Says that records will never come. */
  lost(count: number, first: number, last: number, reason: string): void {
    this.#sendCounted(Buffer.from(`LOST ${count} ${first} ${last} ${reason}\n`), last)
  }

  /** Sends records as fast as the plugin takes them and its window and its pauses allow, until all are written. */
  async deliver(records: readonly Buffer[]): Promise<void> {
    for (const record of records) {
      while (!this.#hasRoom()) await this.#roomOrPause()
      this.record(record)
    }
    await this.written()
  }

  /** Waits until all is written: nobody has to wait for a plugin that reads. */
  async written(): Promise<void> {
    const { answerMs } = this.#stage.limits
    await this.until(() => !this.plugin.hasUnwritten, answerMs, 'it reads its stdin')
  }

  /** Waits for the acknowledgement of everything, where there are any. */
  async allAcked(): Promise<void> {
    if (!this.hasAck) return
    const isSo = (): boolean => this.ackedTo >= this.sentTo
    await this.until(isSo, this.#stage.limits.ackMs, `ACK ${this.sentTo} within a second, as READY came with \`ack\``)
  }

  /** Ends by STOP, and holds the end against the contract. */
  async stop(): Promise<void> {
    await this.livesFor(0)
    this.say('STOP\n')
    this.plugin.endInput()
    await this.endsWell('STOP')
    if (this.hasAck && this.ackedTo < this.sentTo) {
      const seen = this.ackedTo === 0 ? 'it acknowledged nothing' : `the last was ACK ${this.ackedTo}`
      throw new Failed(`ACK ${this.sentTo} before it ends, as it had everything`, seen)
    }
  }

  /** Ends as a scene ends that is not about ends. */
  async finish(): Promise<void> {
    await this.livesFor(LIVES_MS)
    if (this.#stage.examinee.facts.stopFails) await this.allAcked()
    else await this.stop()
  }

  /** Waits for exit status 0. */
  async endsWell(why: string): Promise<void> {
    const exit = await this.ends(why, this.#stage.limits.stopMs)
    if (exit !== 'exit status 0') throw new Failed(`exit status 0 after ${why}`, exit)
  }

  /** Waits for the end of the process, and tells how it was. */
  async ends(why: string, limitMs: number): Promise<string> {
    await this.written()
    const hasEnded = await this.plugin.until(
      () => this.plugin.exit !== undefined,
      limitMs,
      () => this.#progress,
    )
    const { exit } = this.plugin
    if (!hasEnded || exit === undefined)
      throw new Failed(`it ends within ${limitMs / 1000} s after ${why}`, 'it still runs')
    return describeExit(exit)
  }

  /** Kills it as the worst of accidents does. */
  async kill(): Promise<void> {
    this.plugin.signal('SIGKILL')
    await this.plugin.until(() => this.plugin.exit !== undefined, this.#stage.limits.stopMs)
  }

  /** Waits for something that the plugin has to live for. The limit begins anew with all that it reads or acknowledges. */
  async until(isSo: () => boolean, limitMs: number, expected: string): Promise<void> {
    await this.plugin.until(
      () => isSo() || this.plugin.exit !== undefined,
      limitMs,
      () => this.#progress,
    )
    if (isSo()) return
    const { exit } = this.plugin
    throw new Failed(
      expected,
      exit === undefined ? `nothing of the kind for ${limitMs / 1000} s` : `its end, ${describeExit(exit)}`,
    )
  }

  /** Hears what comes in a time in which nothing is asked, and in which it has to live on. */
  async livesFor(forMs = LIVES_MS): Promise<void> {
    await this.plugin.until(() => this.plugin.exit !== undefined, forMs)
    const { exit } = this.plugin
    if (exit !== undefined) throw new Failed('it lives on', `its end, ${describeExit(exit)}`)
  }

  #sendCounted(line: Buffer, seq: number): void {
    this.#next = seq + 1
    this.#inFlight.push(seq)
    this.say(line, () => {
      this.#listener.sentTo = Math.max(this.#listener.sentTo, seq)
    })
  }

  /** Both are bounded by what is sent: no plugin can go on like that for ever. */
  get #progress(): number {
    return this.plugin.writtenBytes + this.#listener.acks
  }

  async #roomOrPause(): Promise<void> {
    const { ackMs, answerMs } = this.#stage.limits
    if (this.#isPaused) {
      const expected = 'COMMAND resume some time after COMMAND pause, as there are records to be sent'
      return this.until(() => !this.#isPaused, answerMs, expected)
    }
    const expected = `an ACK, as ${this.#inFlight.length} records are outstanding and the window is ${this.#options.window}`
    await this.until(() => this.#isPaused || this.#hasRoom(), ackMs, expected)
  }

  #hasRoom(): boolean {
    const acked = this.#listener.ackedTo
    const held = this.#inFlight.findIndex((seq) => seq > acked)
    this.#inFlight = held === -1 ? [] : this.#inFlight.slice(held)
    return !this.#isPaused && (!this.hasAck || this.#inFlight.length < this.#options.window)
  }

  #settleFrom(line: string, sentTo: number, ackedTo: number): void {
    const { from } = this.#options
    if (from === undefined) return
    if (from > sentTo + 1)
      throw new Failed(`from= of at most ${sentTo + 1}: nothing above was sent in this run`, `'${line}'`)
    if (from <= ackedTo) throw new Failed(`from=${ackedTo + 1} or more, as it has acknowledged ${ackedTo}`, `'${line}'`)
    this.#listener.settledTo(from - 1)
    this.#next = Math.max(this.#next, from)
  }

  #answer({ tag, name }: Command | CommandMistake, mistake: string | undefined): void {
    const answer = (line: string): void => this.say(line, () => this.#listener.answered(tag))
    if (mistake !== undefined) return answer(`ERR ${tag} bad-arguments ${mistake}\n`)
    if (this.#deniesCommands && MAY_BE_DENIED.has(name)) return answer(`ERR ${tag} denied not here\n`)
    if (name === 'pause') this.#isPaused = true
    if (name === 'resume') this.#isPaused = false
    answer(name === 'stats' ? `OK ${tag} {"plugins":{}}\n` : `OK ${tag}\n`)
  }
}

interface Parts {
  readonly plugin: PluginUnderTest
  readonly input: InputSide
  readonly listener: Listener
  readonly deniesCommands: boolean
}
