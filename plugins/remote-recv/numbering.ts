// By which number the dispatcher knows a position of the journal. The two are the same, until the journal is set back under a living
// dispatcher: positions come again that this run of it has taken, and what stands there now would be taken for repeats and be lost.
// From then on the numbers of that run are so much ahead of the positions. It is remembered beside the journal, for the next processes;
// not synced, as a power failure ends the run too.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'numbering.json'
const NEW_FILE = `${FILE}.new`
const FILE_MODE = 0o600

/** The dispatcher, as its HELLO tells. */
export interface Taker {
  readonly run: string
  /** The highest number that it has taken in this run; 0 if none. */
  readonly received: number
}

/** Where the journal stands when it is opened. */
export interface Standing {
  /** The last position that is known to be settled, and the last durable one. */
  readonly settled: number
  readonly durable: number
}

/** How far the numbers are ahead of the positions, with this dispatcher; it is remembered if it is new. Throws as node:fs does. */
export function aheadOf(dir: string, { run, received }: Taker, { settled, durable }: Standing): number {
  const known = remembered(dir, run)
  if (received <= durable + known) return known
  const ahead = received - settled
  writeFileSync(join(dir, NEW_FILE), `${JSON.stringify({ run, ahead })}\n`, { mode: FILE_MODE })
  renameSync(join(dir, NEW_FILE), join(dir, FILE))
  return ahead
}

/** 0 if there is nothing of this run. */
function remembered(dir: string, run: string): number {
  try {
    const found: unknown = JSON.parse(readFileSync(join(dir, FILE), 'utf8'))
    if (typeof found !== 'object' || found === null || !('run' in found) || !('ahead' in found)) return 0
    return found.run === run && typeof found.ahead === 'number' && Number.isSafeInteger(found.ahead) ? found.ahead : 0
  } catch {
    // ENOENT: never set back. A file that is no JSON is as good as none: what it was for is found out anew.
    return 0
  }
}
