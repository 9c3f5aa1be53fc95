// Hears what a plugin says in one process, and holds each line against the rules.

import { readCommand, type Command, type CommandMistake } from '../../protocol/command.js'
import { LONGEST_LINE_BYTES, readPluginLine, readReadyOptions, type ReadyOptions } from '../../protocol/line.js'
import { LineSplitter, type LineSink } from '../../protocol/line-splitter.js'
import { commandMistake } from './command-mistake.js'
import type { InputSide } from './input-side.js'
import {
  ACKS_ANNOUNCED,
  ACKS_POSSIBLE,
  ACKS_RISE,
  COMMANDS,
  KNOWN_LINES,
  LINE_LENGTH,
  PONGS_ASKED,
  READY_FIRST,
  READY_ONCE,
} from './rules.js'
import type { Stage } from './stage.js'
import { printable } from './transcript.js'

const LF = 0x0a
/** What a drop-in may forbid: two commands by default, two where the overflow action is one that others would feel. */
export const MAY_BE_DENIED: ReadonlySet<string> = new Set(['action', 'reload', 'pause', 'resume'])
/** More answers than any scene asks for. */
const MAX_PONGS = 1024

/** READY as it came. */
export interface Ready {
  readonly line: string
  readonly version: number
  readonly options: ReadyOptions | { readonly mistake: string }
}

/** `mistake`: why the command cannot be run. */
type OnCommand = (command: Command | CommandMistake, mistake: string | undefined) => void

export class Listener implements LineSink {
  readonly #stage: Stage
  readonly #input: InputSide
  readonly #onCommand: OnCommand
  /** Tags of commands whose answer is not written yet. */
  readonly #unanswered = new Set<string>()
  readonly #splitter = new LineSplitter(this)
  #ready: Ready | undefined
  #ackedTo = 0
  #acks = 0
  /** The first line that was neither comment nor empty. */
  #firstLine = ''
  /** What was asked, and what was answered. */
  readonly pings: number[] = []
  readonly pongs: number[] = []
  /** The highest seq that was written to its end. */
  sentTo = 0

  constructor(stage: Stage, input: InputSide, onCommand: OnCommand) {
    this.#stage = stage
    this.#input = input
    this.#onCommand = onCommand
  }

  get ready(): Ready | undefined {
    return this.#ready
  }

  get hasAck(): boolean {
    return this.#ready !== undefined && 'ack' in this.#ready.options && this.#ready.options.ack
  }

  get ackedTo(): number {
    return this.#ackedTo
  }

  /** How many of its ACKs freed something. */
  get acks(): number {
    return this.#acks
  }

  get firstLine(): string {
    return this.#firstLine
  }

  /** Everything up to `seq` is known to be safe before the process says so, as by `from=`. */
  settledTo(seq: number): void {
    this.#ackedTo = Math.max(this.#ackedTo, seq)
  }

  /** The answer to the command of this tag is written. */
  answered(tag: string): void {
    this.#unanswered.delete(tag)
  }

  hear(bytes: Buffer): void {
    this.#splitter.push(bytes)
  }

  lines(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const next = bytes.indexOf(LF, at) + 1
      this.#stage.transcript.said('P', bytes.subarray(at, next - 1))
      this.#line(bytes, at, next - 1)
      at = next
    }
  }

  tooLong(beginning: Buffer): void {
    this.#stage.transcript.said('P', `${printable(beginning)}… (over ${LONGEST_LINE_BYTES} bytes)`)
    this.#stage.violated(LINE_LENGTH.name, `at most ${LONGEST_LINE_BYTES} bytes with the LF`, 'a longer line')
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const line = readPluginLine(bytes, start, end)
    if (line.verb === '') return
    const text = printable(bytes.subarray(start, end))
    if (this.#firstLine === '') this.#firstLine = text
    if (this.#ready === undefined && line.verb !== 'READY') {
      this.#stage.violated(READY_FIRST.name, 'READY before anything else', `'${text}'`)
    }
    switch (line.verb) {
      case 'wrong':
        return this.#stage.violated(KNOWN_LINES.name, 'READY, ACK, RECORD, PONG or COMMAND', `'${text}': ${line.why}`)
      case 'READY':
        if (this.#ready !== undefined) return this.#stage.violated(READY_ONCE.name, 'one READY', `another, '${text}'`)
        return this.#becomesReady(text, line.version, line.options)
      case 'ACK':
        return this.#acknowledged(line.seq)
      case 'RECORD':
        return this.#input.take(line.n, Buffer.from(bytes.subarray(line.start, line.end)))
      case 'PONG':
        return this.#ponged(line.n)
      case 'COMMAND':
        return this.#command(bytes, line.start, line.end)
      default:
        line satisfies never
    }
  }

  #becomesReady(line: string, version: number, words: readonly string[]): void {
    const options = readReadyOptions(words)
    this.#ready = { line, version, options }
    // Records may come in the same read.
    if ('positions' in options && options.positions) this.#input.hasPositions()
  }

  #acknowledged(seq: number): void {
    if (this.#ready !== undefined && !this.hasAck) {
      this.#stage.violated(ACKS_ANNOUNCED.name, 'no ACK, as READY came without `ack`', `ACK ${seq}`)
    }
    if (seq > this.sentTo) {
      const sent =
        this.sentTo === 0 ? 'no ACK, as nothing was sent' : `no ACK above ${this.sentTo}, the last that was sent`
      this.#stage.violated(ACKS_POSSIBLE.name, sent, `ACK ${seq}`)
    } else if (seq <= this.#ackedTo) {
      this.#stage.violated(ACKS_RISE.name, `an ACK above ${this.#ackedTo}, the last one`, `ACK ${seq}`)
    } else {
      this.#ackedTo = seq
      this.#acks++
    }
  }

  #ponged(n: number): void {
    const asked = this.pings.slice(this.pongs.length)
    if (!asked.includes(n)) {
      const expected = asked.length === 0 ? 'no PONG, as there is no PING to answer' : `PONG ${asked.join(' or ')}`
      this.#stage.violated(PONGS_ASKED.name, expected, `PONG ${n}`)
    }
    if (this.pongs.length < MAX_PONGS) this.pongs.push(n)
  }

  #command(bytes: Buffer, start: number, end: number): void {
    const command = readCommand(bytes, start, end)
    const text = `'COMMAND ${printable(bytes.subarray(start, end))}'`
    if (command.kind === 'tagless') return this.#stage.violated(COMMANDS.name, command.text, text)
    const { tag, name } = command
    if (this.#unanswered.has(tag)) {
      const expected = 'a tag of its own for each command that is not answered yet'
      this.#stage.violated(COMMANDS.name, expected, text)
    }
    const mistake = commandMistake(command)
    if (mistake !== undefined) this.#stage.violated(COMMANDS.name, 'a command that can be run', `${text}: ${mistake}`)
    if (MAY_BE_DENIED.has(name)) this.#stage.examinee.facts.sentDeniable = true
    this.#unanswered.add(tag)
    this.#onCommand(command, mistake)
  }
}
