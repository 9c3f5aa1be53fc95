// What an author writes: a plugin is an object of handlers.

import type { AuditEvent, EventLimits } from '../protocol/event.js'
import type { Lost } from '../protocol/line.js'
import type { Hello } from './hello.js'
import type { Plugin } from './plugin.js'
import type { RecordBatch } from './record-batch.js'
import type { RefusedRecord } from './sdk-error.js'

/** Records that this plugin will never get: `count` of them (0 is unknown) from seq `first` to `last`, and why. */
export type Gap = Lost

/**
 * A plugin. Every handler is optional, and may return a promise: no other of `records`, `events`, `lost`, `reload` and `stop` is
 * called until it is settled. A handler that throws ends the process with status 70; the dispatcher starts it again and
 * sends again what was not acknowledged.
 */
export interface PluginDefinition {
  /**
   * `batch` (the default of who takes records or events): a batch is acknowledged when its handler has returned, or its
   * promise is resolved. `manual`: by `plugin.ack(seq)`. `never`: the dispatcher forgets a record when it is written.
   */
  readonly acknowledge?: 'batch' | 'manual' | 'never'
  /** Records that the dispatcher sends ahead of their acknowledgement; its default is 4096. With `events` at least 64. */
  readonly window?: number
  /** The numbers of the records that this plugin sends are its own lasting positions. */
  readonly positions?: boolean
  /** How long an event may be open, 800 ms if nothing is said, and how much memory open events may take. */
  readonly eventLimits?: EventLimits

  /**
   * First of all: reads the configuration, opens files. Throws BadConfiguration if it has to. Under auditd it is called when the
   * first record comes.
   */
  open?(hello: Hello): void | Promise<void>
  /** After `open`: the seq from which on this plugin has nothing yet, if it remembers this same `hello.run`. Not under auditd. */
  from?(hello: Hello): number | undefined | Promise<number | undefined>
  /** Whole records, in order. The batch and the bytes in it are valid until the handler is done. */
  records?(batch: RecordBatch, plugin: Plugin): void | Promise<void>
  /**
   * Instead of `records`: whole events, the records that share node, time and serial, each as soon as it is whole. It is
   * acknowledged when the handler is done, as far as no open event has records below; unfinished events are handed over
   * after 0.8 seconds, or at the end, and say so. An event may be kept for good.
   */
  events?(event: AuditEvent, plugin: Plugin): void | Promise<void>
  /** In its place in the order; acknowledged like a record. */
  lost?(gap: Gap, plugin: Plugin): void | Promise<void>
  /**
   * Beside all other handlers, once, after the opening: what a plugin does that sends records. When `plugin.stopping` is
   * aborted it has two seconds more to return, before `stop` is called; what it throws then counts for nothing.
   */
  main?(plugin: Plugin): Promise<void>
  /** All records of ours up to n are settled: each that wants them has them, or has lost them by its own policy. */
  settled?(n: number, plugin: Plugin): void | Promise<void>
  /** A record of ours was not taken; without this handler `bad-record` is told on stderr, and `busy` ends the process. */
  refused?(refusal: RefusedRecord, plugin: Plugin): void | Promise<void>
  /** The dispatcher reloaded, or a HUP came: the plugin's own configuration is to be read again. */
  reload?(plugin: Plugin): void | Promise<void>
  /** Last of all, when everything before it is done: STOP, the end of input, or SIGTERM. Exit status 0 follows. */
  stop?(plugin: Plugin): void | Promise<void>
}
