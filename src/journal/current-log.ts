// The log that is written to under a name that stays, for tail -F. It is a second name of the same file and not a symbolic link:
// tail(1) learns of a rename over a plain name at once, but looks at links now and then only, and could miss a short segment; and it
// never leads nowhere. It is switched when the new segment counts, by a rename, so that the name is always there. No sync of its own:
// whatever a power failure leaves of it, the next start sets it right.

import { attempt, type Work } from './file-port.js'
import { logName, type SegmentId } from './segment-name.js'

/** Nothing depends on it: a disk that cannot link files has no such name. */
export function* pointTo(segment: SegmentId, name: string | undefined): Work<void> {
  if (name === undefined) return
  const next = `${name}.new`
  yield* attempt({ kind: 'unlink', file: next })
  yield* attempt({ kind: 'link', file: logName(segment), to: next })
  yield* attempt({ kind: 'rename', file: next, to: name })
  // A rename onto another name of the same file does nothing.
  yield* attempt({ kind: 'unlink', file: next })
}
