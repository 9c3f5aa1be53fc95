import type { ActionRunner } from './action-runner.js'
import type { Herald } from './herald.js'
import type { ProcessWorld } from './plugin-process.js'
import type { Plugin } from './plugin.js'
import type { SegmentPool } from './segment.js'
import type { Hold } from './settlement.js'

/** What a plugin needs of the machine. */
export interface MachineWorld extends ProcessWorld {
  readonly pool: SegmentPool
  readonly herald: Herald
  readonly random: () => number
  /** Runs what plugins may ask for. */
  readonly runner: ActionRunner
  /** Runs `single` and `halt`. */
  readonly changeRunlevel: (to: 'single' | 'halt') => void
  /** The same as SIGHUP. */
  readonly reload: () => void
  /** All figures of the daemon as JSON on one line, of the plugins from this name on as many as it holds. */
  readonly statsPage: (from: string) => string
  /** This run of the dispatcher, as no other is called. */
  readonly run: string
}

/** What a plugin needs of the dispatcher and of the machine. */
export interface PluginWorld extends MachineWorld {
  /** True while the daemon ends: a SIGTERM from outside is then meant for everybody and no crash. */
  readonly isEnding: () => boolean
  /** Something changed that the dispatcher may wait for: room in a queue, an empty queue, a state. */
  readonly onChange: (plugin: Plugin) => void
  /** It has sent something, which is to be handed on before it is read any further. */
  readonly onHeard: () => void
  /** It has acknowledged, asked or answered something, or is to be told something; not at once, see Fifo.writeLater. */
  readonly onAnswered: () => void
  /** What every plugin is told in HELLO. */
  readonly hello: () => { readonly run: string; readonly next: number; readonly node: string }
  /** From the next record on the plugin gets what its selector says now. */
  readonly onSelected: (plugin: Plugin) => void
  /** Takes whole lines as records of this plugin; returns the seq of the first. */
  readonly join: (plugin: Plugin, lines: Buffer, records: number) => number
  /** Those who took any record from `seq` on and acknowledge, but for this plugin. */
  readonly holds: (plugin: Plugin, seq: number) => readonly Hold[]
  /** How far plugins with lasting positions have come in this run, by name: also of those that leave and come back. */
  readonly received: Map<string, number>
  /** Counters as JSON on one line, of everything or of one plugin; undefined when there is no such plugin. */
  readonly stats: (plugin: string | undefined) => string | undefined
}
