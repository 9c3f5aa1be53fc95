// What is said between the dispatcher and one plugin of the line protocol, process after process. The rules are in session.ts;
// here lines are read, records go to the inlet, commands to whoever runs them, and what the rules ask for is done.

import { readCommand } from '../protocol/command.js'
import { errLine, helloLine, readPluginLine, type PluginLine, type ReadyOptions } from '../protocol/line.js'
import { LineSplitter } from '../protocol/line-splitter.js'
import { harmlessText } from '../protocol/harmless-text.js'
import type { Clock } from './clock.js'
import type { DropIn } from './drop-in.js'
import type { Inlet } from './inlet.js'
import type { PluginCommands } from './plugin-commands.js'
import type { PluginVoice } from './plugin-voice.js'
import type { ProtocolQueue } from './protocol-queue.js'
import { NEW_SESSION, nextSession, nextWatchMs, type Deed, type Session, type SessionEvent } from './session.js'

const LF = 0x0a
/** In HELLO to those who send none as well: it is the same for all. */
export const IN_WINDOW = 4096
const SHOWN_CHARACTERS = 200

export interface TalkParts {
  readonly dropIn: () => DropIn
  readonly queue: ProtocolQueue
  /** Only for a plugin that may send records. */
  readonly inlet: Inlet | undefined
  readonly commands: PluginCommands
  readonly voice: PluginVoice
  readonly clock: Clock
}

export interface TalkEvents {
  readonly ready: () => void
  /** Something is to be written that nothing the plugin said has led to, so that nobody would think of it. */
  readonly said: () => void
  /** Writes what it takes now. */
  readonly pump: () => void
  /** The process cannot be worked with. */
  readonly fault: (why: string) => void
}

/** What the dispatcher says of itself, of the plugin and of what it is about to send. */
export interface Hello {
  readonly plugin: string
  readonly run: string
  readonly next: number
  readonly node: string
}

export class Talk {
  readonly #parts: TalkParts
  readonly #events: TalkEvents
  #session: Session = { kind: 'over' }
  #splitter: LineSplitter | undefined
  #cancelWatch: () => void = () => {}
  #stillSinceMs: number | undefined
  /** It has been told to stop: nothing comes behind that. */
  #isToldAll = false
  /** It was to be told of a reload before it was READY. */
  #owesReload = false
  #isHearing = false
  #processes = 0
  #next = 0

  constructor(parts: TalkParts, events: TalkEvents) {
    this.#parts = parts
    this.#events = events
  }

  /** A process is there: HELLO. */
  begin(hello: Hello): void {
    this.#next = hello.next
    this.#processes++
    this.#session = NEW_SESSION
    this.#stillSinceMs = undefined
    this.#isToldAll = false
    this.#owesReload = false
    this.#splitter = new LineSplitter({
      lines: (bytes, start, end) => {
        this.#lines(bytes, start, end)
      },
      tooLong: (beginning) => {
        this.#happens({ kind: 'line-too-long', text: harmlessText(beginning.toString('latin1'), SHOWN_CHARACTERS) })
      },
    })
    const { queue, inlet } = this.#parts
    const received = inlet === undefined ? '' : inlet.received
    const { plugin, run, next, node } = hello
    queue.control.push(helloLine({ plugin, run, next, 'in-window': IN_WINDOW, received, node }))
  }

  /** The next bytes of its stdout, valid only during the call. */
  hear(chunk: Buffer): void {
    this.#isHearing = true
    this.#splitter?.push(chunk)
    this.#isHearing = false
    this.#parts.inlet?.flush()
    if (this.#session.kind === 'open') this.#happens({ kind: 'heard' })
  }

  /** The process is gone. */
  end(): void {
    const { voice, inlet } = this.#parts
    const torn = this.#splitter?.heldBytes ?? 0
    if (torn > 0) voice.tornLine(torn)
    inlet?.flush()
    this.#splitter = undefined
    this.#session = { kind: 'over' }
    this.#cancelWatch()
  }

  /** Lines that it is to be told beside records. */
  say(line: string): void {
    if (this.#isToldAll) return
    const { control } = this.#parts.queue
    control.push(line)
    if (!this.#isHearing) this.#events.said()
    // What one read of it leads to may be more than may wait: it is judged by what it does not take.
    if (control.isFull) this.#events.pump()
    if (control.isFull) this.#fault('it asks and does not read the answers')
  }

  reload(): void {
    if (this.#session.kind === 'open') this.say('RELOAD\n')
    // What it has read of its configuration so far may be the old one.
    else if (this.#session.kind === 'greeting') this.#owesReload = true
  }

  /** The last thing that it is told; one that has not said READY sees the end of its input alone. */
  stop(): void {
    this.#parts.queue.closeGate()
    this.settle(this.#parts.clock.nowMs())
    if (this.#session.kind === 'open') this.say('STOP\n')
    this.#isToldAll = true
    // It cannot be asked any more.
    this.#cancelWatch()
  }

  /** It is ended: nothing that it still says counts. */
  cut(): void {
    this.#session = { kind: 'over' }
    this.#cancelWatch()
  }

  /** Its stdout is closed, and it lives on. */
  deaf(): void {
    const acks = this.#session.kind === 'open' && this.#session.acks
    if (acks) this.#fault('it has closed its stdout, and cannot acknowledge any more')
    else this.#parts.voice.closedOutput()
  }

  /** Tells what is settled of what it has sent. */
  settle(nowMs: number): void {
    const n = this.#parts.inlet?.settle(nowMs) ?? 0
    if (n > 0 && this.#session.kind === 'open' && !this.#isToldAll) this.#parts.queue.control.setAck(n)
  }

  /** Whether it is listened to: the watchdog stands still meanwhile. */
  setListening(isListening: boolean): void {
    const nowMs = this.#parts.clock.nowMs()
    if (!isListening) {
      this.#stillSinceMs ??= nowMs
      return
    }
    if (this.#stillSinceMs === undefined) return
    this.#happens({ kind: 'stood-still', ms: nowMs - this.#stillSinceMs })
    this.#stillSinceMs = undefined
    this.#watchLater()
  }

  #lines(bytes: Buffer, start: number, end: number): void {
    for (let from = start; from < end && this.#session.kind !== 'over';) {
      const lf = bytes.indexOf(LF, from)
      this.#line(bytes, from, lf)
      from = lf + 1
    }
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const line = readPluginLine(bytes, start, end)
    switch (line.verb) {
      case 'RECORD':
        return this.#record(line, bytes, start)
      case 'COMMAND':
        return this.#command(bytes, line.start, line.end)
      default:
        this.#happens({ kind: 'line', line })
    }
  }

  #record(line: Extract<PluginLine, { verb: 'RECORD' }>, bytes: Buffer, lineStart: number): void {
    const { inlet, dropIn } = this.#parts
    const text = (): string => harmlessText(bytes.toString('latin1', lineStart, line.end), SHOWN_CHARACTERS)
    if (inlet === undefined) return this.#misplaced('RECORD from a plugin with direction = out', text())
    if (this.#session.kind !== 'open') return this.#misplaced('RECORD before READY', text())
    // It could not be told that this one is settled, and would send it once more to the dispatcher that comes after this one.
    if (this.#isToldAll && inlet.hasPositions) return
    const taking = inlet.take(line.n, bytes, line.start, line.end, dropIn().direction === 'both')
    switch (taking) {
      case 'taken':
      case 'repeat':
        return
      case 'bad':
        this.#parts.voice.badRecord(inlet.counters.bad, text(), this.#parts.clock.nowMs())
        return this.say(
          errLine(String(line.n), 'bad-record', 'not [node=NAME ]type=NAME msg=audit(sec.msec:serial): ...'),
        )
      case 'busy':
        return this.say(errLine(String(line.n), 'busy', `${IN_WINDOW} records are not settled yet`))
      case 'low':
        return this.#misplaced('RECORD with a number that does not rise', text())
      default:
        return taking satisfies never
    }
  }

  #command(bytes: Buffer, start: number, end: number): void {
    const text = (): string => harmlessText(`COMMAND ${bytes.toString('latin1', start, end)}`, SHOWN_CHARACTERS)
    if (this.#session.kind !== 'open') return this.#misplaced('COMMAND before READY', text())
    const command = readCommand(bytes, start, end)
    if (command.kind === 'tagless') return this.#misplaced(command.text, text())
    if (this.#parts.queue.control.isLong) return this.say(errLine(command.tag, 'busy', 'answers wait to be read'))
    const asked = this.#processes
    this.#parts.commands.take(command, (line) => {
      // Its next process has not asked.
      if (asked === this.#processes && this.#session.kind === 'open') this.say(line)
    })
  }

  #misplaced(why: string, text: string): void {
    this.#happens({ kind: 'misplaced', why, text })
  }

  #happens(event: SessionEvent): void {
    const { clock, queue, dropIn } = this.#parts
    const { sentSeq, ackedSeq } = queue
    const facts = { nowMs: clock.nowMs(), watchdogMs: dropIn().watchdogMs, sentSeq, ackedSeq, nextSeq: this.#next }
    const step = nextSession(this.#session, event, facts)
    this.#session = step.session
    for (const deed of step.deeds) this.#do(deed)
  }

  #do(deed: Deed): void {
    const { queue, voice } = this.#parts
    switch (deed.do) {
      case 'free':
        return queue.acked(deed.seq)
      case 'open':
        return this.#open(deed.options)
      case 'tell-freed':
        return voice.freedAlready(deed.from, queue.ackedSeq + 1)
      case 'ping':
        return this.say(`PING ${deed.n}\n`)
      case 'tell-violation':
        voice.violation(deed.why, deed.text)
        if (deed.isAnswered) this.say(errLine('-', 'violation', deed.why))
        return
      case 'fault':
        return this.#fault(deed.why)
      default:
        deed satisfies never
    }
  }

  #open({ ack, window, positions }: ReadyOptions): void {
    const { queue, inlet } = this.#parts
    inlet?.begin(positions)
    // READY may come when the plugin is being stopped already.
    if (this.#isToldAll) return
    queue.open(ack, window)
    if (this.#owesReload) this.say('RELOAD\n')
    this.#watchLater()
    this.#events.ready()
  }

  #fault(why: string): void {
    this.#session = { kind: 'over' }
    this.#cancelWatch()
    this.#events.fault(why)
  }

  #watchLater(): void {
    const { clock, dropIn } = this.#parts
    this.#cancelWatch()
    const dueMs = nextWatchMs(this.#session, dropIn().watchdogMs)
    if (dueMs === undefined || this.#stillSinceMs !== undefined || this.#isToldAll) return
    this.#cancelWatch = clock.after(Math.max(dueMs - clock.nowMs(), 0), () => {
      // Not being listened to, it will be asked later.
      if (this.#stillSinceMs === undefined) this.#happens({ kind: 'watch' })
      this.#watchLater()
    })
  }
}
