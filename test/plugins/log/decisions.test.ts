import { test } from 'tap'
import { DEFAULT_CONFIG } from '../../../plugins/log/config.js'
import { periodOf, rotationDue } from '../../../plugins/log/rotation-due.js'
import { nextLevel, type SpaceLevel } from '../../../plugins/log/space-watch.js'

const MIB = 1024 ** 2
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

void test('a day ends at midnight, there or in UTC', (t) => {
  const day = (wallMs: number, offset: number): number => periodOf(wallMs, DAY_MS, () => offset)
  const midnight = Date.UTC(2026, 10, 22)
  t.equal(day(midnight, 0), day(midnight - 1, 0) + 1)
  // Two hours east of Greenwich.
  t.equal(day(midnight - 2 * HOUR_MS, -120), day(midnight - 2 * HOUR_MS - 1, -120) + 1)
  t.equal(day(midnight, -120), day(midnight - 1, -120))
  // The night in which clocks are set forward is an hour shorter, and one day all the same.
  const change = (wallMs: number): number => (wallMs < Date.UTC(2026, 2, 29, 1) ? -60 : -120)
  const local = (wallMs: number): number => periodOf(wallMs, DAY_MS, change)
  t.equal(local(Date.UTC(2026, 2, 29, 21, 59)), local(Date.UTC(2026, 2, 28, 23)))
  t.equal(local(Date.UTC(2026, 2, 29, 22)), local(Date.UTC(2026, 2, 28, 23)) + 1)
  t.end()
})

void test('when a file has had its time', (t) => {
  const due = (
    changes: Partial<typeof DEFAULT_CONFIG>,
    offset: number,
    bytes: number,
    beganMs = 0,
    nowMs = 0,
  ): string =>
    rotationDue(
      { ...DEFAULT_CONFIG, maxFileBytes: 100, rotateAt: 'utc', ...changes },
      { offset, beganMs },
      bytes,
      nowMs,
    )
  t.equal(due({}, 90, 10), 'no')
  t.equal(due({}, 90, 11), 'yes')
  t.equal(due({ maxFileAction: 'keep_logs' }, 90, 11), 'yes')
  t.equal(due({ maxFileAction: 'ignore' }, 90, 11), 'no')
  t.equal(due({ maxFileAction: 'syslog' }, 90, 11), 'tell')
  t.equal(due({ maxFileAction: 'suspend' }, 90, 11), 'suspend')
  t.equal(due({ rotateEveryMs: HOUR_MS }, 1, 1, HOUR_MS - 1, HOUR_MS), 'yes')
  t.equal(due({ rotateEveryMs: HOUR_MS }, 1, 1, HOUR_MS, 2 * HOUR_MS - 1), 'no')
  t.equal(due({ rotateEveryMs: HOUR_MS }, 1, 1, 2 * HOUR_MS, HOUR_MS), 'no', 'a clock that goes back')
  t.end()
})

void test('free space is told at each threshold, and again only after there was clearly more', (t) => {
  const thresholds = {
    spaceLeft: { kind: 'bytes', bytes: 75 * MIB },
    adminSpaceLeft: { kind: 'share', percent: 5 },
  } as const
  const totalBytes = 1000 * MIB
  let level: SpaceLevel = 'well'
  const at = (free: number): SpaceLevel =>
    (level = nextLevel(level, { freeBytes: Math.round(free * MIB), totalBytes }, thresholds))
  t.equal(at(75), 'well')
  t.equal(at(74.9), 'low')
  t.equal(at(75.9), 'low', 'not yet')
  t.equal(at(49.9), 'admin-low')
  t.equal(at(50.9), 'admin-low', 'not yet')
  t.equal(at(51), 'low')
  t.equal(at(76), 'well')
  t.equal(at(10), 'admin-low', 'both at once')
  t.equal(at(500), 'well')
  t.equal(
    nextLevel(
      'well',
      { freeBytes: 0, totalBytes },
      { spaceLeft: { kind: 'bytes', bytes: 0 }, adminSpaceLeft: { kind: 'bytes', bytes: 0 } },
    ),
    'well',
    '0 is never',
  )
  t.end()
})
