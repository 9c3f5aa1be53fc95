import { fileURLToPath } from 'node:url'
import type { Lines } from './lines.js'

/** What became of the records that were written. */
export type Arrival =
  | { readonly kind: 'whole' }
  | { readonly kind: 'lost'; readonly lost: number; readonly of: number }
  /** Its plugins are its own business, and nothing is known of them. */
  | { readonly kind: 'unknown' }

/** A program that reads a stream on stdin and hands it to plugins, as it is set up for one run. */
export interface Consumer {
  readonly command: readonly string[]
  /** Resolves when every plugin runs, so that its start is not measured. */
  ready(pid: number, log: Lines): Promise<void>
  /** What became of the `sent` records; asked when it has ended with status 0. */
  arrival(sent: number, log: Lines): Promise<Arrival>
  /** Waits for what runs beside it. */
  close(): Promise<void>
}

/** One plugin's program and its arguments. */
export interface Program {
  readonly path: string
  readonly args: readonly string[]
}

export type Format = 'string' | 'binary'

export interface PluginPlan {
  readonly program: Program
  readonly format: Format | 'protocol'
  /** `out` if nothing is said. */
  readonly direction?: 'in'
  /** A selector; everything if nothing is said. */
  readonly subscribe?: string
  /** It says so when it has begun to read. */
  readonly saysReady?: boolean
}

/** A plugin that does nothing but read. */
export const CAT: Program = { path: '/usr/bin/cat', args: [] }

/** A plugin that is a program of this directory, by its name; the daemon passes on to it how Node is to run. */
export function nodePlugin(name: string, ...args: string[]): Program {
  return { path: process.execPath, args: [fileURLToPath(new URL(`./plugins/${name}.js`, import.meta.url)), ...args] }
}

/** `mixed`: every other plugin is a binary one. */
export function formatsFor(formats: 'string' | 'binary' | 'mixed', plugins: number): Format[] {
  return Array.from({ length: plugins }, (_, index) => {
    if (formats !== 'mixed') return formats
    return index % 2 === 0 ? 'string' : 'binary'
  })
}
