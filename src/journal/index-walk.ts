import type { Entry } from './entry.js'
import type { Work } from './file-port.js'
import type { Stretch } from './segment-path.js'
import { SegmentWalk } from './segment-walk.js'

/** The entries of a stretch in order, without their lines, until `see` wants no more. What is damaged in the index is left out. */
export function* walkIndex(stretch: Stretch, see: (entry: Entry) => 'on' | 'enough'): Work<void> {
  const walk = new SegmentWalk(stretch.segment)
  let at = stretch.from
  for (;;) {
    const found = yield* walk.lookAtIndex(at, stretch.end)
    if (found === undefined) return
    at = found.end
    if (found.kind === 'bad-entry') continue
    const { entry } = found
    if (entry.position >= stretch.beforePosition) return
    if (entry.block.kind !== 'checkpoint' && see(entry) === 'enough') return
  }
}
