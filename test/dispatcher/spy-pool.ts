import assert from 'node:assert/strict'
import { SegmentPool, type Segment } from '../../src/dispatcher/segment.js'

const POISON = 0xee

/** A pool that knows what is out, and spoils what comes back: whoever still reads it reads poison. */
export class SpyPool extends SegmentPool {
  readonly out = new Set<Segment>()

  override take(): Segment {
    const segment = super.take()
    assert.equal(segment.used, 0, 'a segment begins empty')
    assert.ok(!this.out.has(segment), 'a segment that somebody holds is not given out again')
    this.out.add(segment)
    return segment
  }

  override giveBack(segment: Segment): void {
    assert.ok(this.out.delete(segment), 'a segment comes back once')
    segment.bytes.fill(POISON)
    super.giveBack(segment)
  }
}
