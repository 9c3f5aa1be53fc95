// A daemon fed by plugins alone, and a plugin at its other end that keeps what it acknowledges.

import type { Test } from 'tap'
import type { Daemon } from './daemon.js'
import type { Place } from './place.js'

export const NO_INPUT = { args: ['--input', 'none'] }

/** A plugin that acknowledges, and has each record in the file of its own name. */
export function keeper(place: Place, name: string, lines: readonly string[] = []): void {
  place.plugin(name, 'keeps-what-it-acks.js', [place.path(name)], ['format = protocol', ...lines])
}

/** The serials of the records that a keeper has, in its order. */
export function kept(place: Place, name: string): number[] {
  const text = place.read(name).toString('latin1')
  return [...text.matchAll(/ msg=audit\(1700000000\.000:(\d+)\): /g)].map(([, serial]) => Number(serial))
}

export async function endAtSigterm(t: Test, daemon: Daemon): Promise<void> {
  daemon.signal('SIGTERM')
  t.match(await daemon.ended(), { code: 0 })
}
