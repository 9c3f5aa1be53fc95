import type { Selector } from '../protocol/selector.js'
import type { Inlet } from './inlet.js'
import type { Outbox } from './outbox.js'
import type { CommandCounts } from './plugin-commands.js'
import type { PluginProcess } from './plugin-process.js'
import type { Hold } from './settlement.js'

/** The dispatcher's side of what goes on between it and one plugin, process after process; one for each kind of format. */
export interface PluginSide {
  readonly queue: Outbox
  /** Only of a plugin that sends records. */
  readonly inlet: Inlet | undefined
  /** What it has asked for in place of its drop-in's selector. */
  readonly selected: Selector | undefined
  readonly isPaused: boolean
  readonly commandCounts: CommandCounts | undefined
  /** Its process has to say READY before it gets anything but HELLO. */
  readonly greets: boolean
  /** Its stdout is read: lines of the protocol, or records. */
  readonly isHeard: boolean
  /** Its stdout is read whatever comes. */
  readonly isAlwaysHeard: boolean

  /** A process is there. */
  begin(): void
  /** The next bytes of its stdout, valid only during the call. */
  hear(chunk: Buffer): void
  /** The process is gone; `died`: it was not stopped. */
  end(died: boolean): void
  /** The daemon reloaded and the plugin stays as it is. */
  reloaded(process: PluginProcess | undefined): void
  /** Its drop-in or its program is another one. */
  changed(): void
  /** Its process is ended without ceremony. */
  cut(): void
  /** Its stdout is closed, and it lives on. */
  deaf(): void
  /** It is to end: what is to be said first is put in line. */
  stop(): void
  /** Everything that it is to be told before its input ends has been written. */
  readonly isAllSaid: boolean
  /** Tells what is settled of its records. */
  settle(nowMs: number): void
  setListening(isListening: boolean): void
  /** Notes whether it has something to acknowledge. */
  noteProgress(nowMs: number): void
  /** How long it has had something to acknowledge and did not, in ms; 0 when nothing is expected of it. */
  silentMs(nowMs: number): number
  /** The seq of the first record that it has not settled; Infinity when nobody has to wait for it. */
  holdsFrom(nowMs: number): number
  /** The last seq that it took, if that is not below `seq` and others may have to wait for it. */
  holdTo(seq: number): Hold['to'] | undefined
  /** It has left for good. */
  close(): void
}
