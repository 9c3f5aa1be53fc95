import type { Survey } from './survey.js'

export const LAYERS = [
  'kernel',
  'auditd',
  'configuration',
  'daemon',
  'plugins',
  'sockets',
  'disks',
  'remote',
  'clock',
  'system',
] as const

export type Layer = (typeof LAYERS)[number]

/** `skip`: it could not be looked at, or there is nothing to look at; `what` says why. */
export type Level = 'ok' | 'warn' | 'fail' | 'skip'

export interface Finding {
  readonly level: Level
  readonly what: string
  /** The command that mends it; '' where nothing has to be mended. */
  readonly mend: string
}

/** One thing that is looked at. */
export interface Check {
  /** Stable: scripts know it. */
  readonly id: string
  readonly layer: Layer
  /** What is found: one that is ok or skipped, or all that is wrong; nothing where there is nothing to say. */
  readonly run: (survey: Survey) => Promise<readonly Finding[]>
}

export function ok(what: string): Finding {
  return { level: 'ok', what, mend: '' }
}

export function skip(what: string): Finding {
  return { level: 'skip', what, mend: '' }
}

export function warn(what: string, mend: string): Finding {
  return { level: 'warn', what, mend }
}

export function fail(what: string, mend: string): Finding {
  return { level: 'fail', what, mend }
}

/** What is wrong, or that nothing is. */
export function orOk(wrong: readonly Finding[], what: string): readonly Finding[] {
  return wrong.length > 0 ? wrong : [ok(what)]
}

/** A path or a word as a shell takes it, whatever is in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
