// What the kit can ask of a plugin. A scene is played to a process of its own; a rule is watched over in all scenes.

import type { Stage } from './stage.js'

export const FORMATS = ['protocol', 'string'] as const
export type Format = (typeof FORMATS)[number]

/** `auto`: records are offered, and those that come are taken. */
export const DIRECTIONS = ['auto', 'out', 'in', 'both'] as const
export type Direction = (typeof DIRECTIONS)[number]

interface Named {
  readonly name: string
  /** One sentence: what goes wrong without it. */
  readonly why: string
  readonly formats: readonly Format[]
}

export interface Scene extends Named {
  readonly kind: 'scene'
  /** Returns when all went well; throws Failed, or Skipped. */
  readonly play: (stage: Stage) => Promise<void>
}

export interface Rule extends Named {
  readonly kind: 'rule'
}

export type Check = Scene | Rule

/** The plugin did something else than it should. */
export class Failed extends Error {
  readonly expected: string
  readonly seen: string

  constructor(expected: string, seen: string) {
    super(`expected ${expected}, saw ${seen}`)
    this.name = 'Failed'
    this.expected = expected
    this.seen = seen
  }
}

/** There is nothing to check; the message says why. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}
