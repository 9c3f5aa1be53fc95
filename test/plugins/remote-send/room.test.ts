import { test } from 'tap'
import {
  fullReason,
  judge,
  RESERVE_BYTES,
  resumed,
  ROOM,
  ROOM_AGAIN_BYTES,
  roomLeft,
} from '../../../plugins/remote-send/room.js'

const FACTS = { spoolBytes: 1_000_000, fileSystem: { freeBytes: 5000, totalBytes: 100_000 }, commitError: '' }
const LIMITS = { maxBytes: 2_000_000, minFsFree: { kind: 'share', percent: 2 } } as const

void test('the room of a spool: its own size, what is free beside it, and what the disk says', (t) => {
  const left = LIMITS.maxBytes - FACTS.spoolBytes - RESERVE_BYTES
  const wide = { ...FACTS, fileSystem: undefined }
  t.same(
    roomLeft(wide, LIMITS),
    { bytes: left, limit: 'max-bytes' },
    'what is kept back for the LOSS is not for records',
  )
  t.same(roomLeft(FACTS, LIMITS), { bytes: 3000, limit: 'fs-free' }, 'two percent stay free')
  t.same(roomLeft({ ...wide, spoolBytes: 3e6 }, LIMITS), { bytes: 0, limit: 'max-bytes' })
  for (const commitError of ['ENOSPC', 'EDQUOT'])
    t.same(roomLeft({ ...wide, commitError }, LIMITS), { bytes: 0, limit: 'no-space' })
  t.same(roomLeft({ ...wide, commitError: 'EIO' }, LIMITS), { bytes: 0, limit: 'disk-error' })
  t.end()
})

void test('what was full is full until there is some more room', (t) => {
  const room = { bytes: 1000, limit: 'fs-free' } as const
  const { fullness } = judge(ROOM, 'fs-free', 'block', 5)
  t.equal(fullReason(room, 1000, ROOM, 'block'), undefined)
  t.equal(fullReason(room, 1001, ROOM, 'block'), 'fs-free')
  t.equal(fullReason(room, 10, fullness, 'block'), 'fs-free')
  t.equal(fullReason(room, 10, fullness, 'drop_oldest'), undefined)
  t.equal(fullReason({ ...room, bytes: ROOM_AGAIN_BYTES }, 10, fullness, 'drop_newest'), undefined)
  t.end()
})

void test('what becomes of records is what the admin has chosen', (t) => {
  const chosen = ['block', 'exec', 'single', 'halt', 'drop_newest', 'drop_oldest', 'suspend'] as const
  const admissions = (reason: 'max-bytes' | 'disk-error'): string[] =>
    chosen.map((onFull) => judge(ROOM, reason, onFull, 1).admission)
  t.same(admissions('max-bytes'), ['hold', 'hold', 'hold', 'hold', 'drop', 'free-oldest', 'drop'])
  t.same(admissions('disk-error'), ['hold', 'hold', 'hold', 'hold', 'drop', 'hold', 'drop'])
  for (const onFull of chosen) t.same(judge(ROOM, undefined, onFull, 1), { fullness: ROOM, admission: 'take' })
  t.end()
})

void test('a full spool remembers since when, and a suspended one waits for the admin', (t) => {
  const { fullness } = judge(ROOM, 'fs-free', 'block', 5)
  t.same(judge(fullness, 'max-bytes', 'block', 9).fullness, { kind: 'full', reason: 'max-bytes', sinceMs: 5 })
  t.same(judge(fullness, undefined, 'block', 9).fullness, ROOM)
  const suspended = judge(fullness, 'max-bytes', 'suspend', 9).fullness
  t.same(judge(suspended, undefined, 'suspend', 10), { fullness: suspended, admission: 'drop' }, 'though there is room')
  t.same([resumed(suspended), resumed(fullness), resumed(ROOM)], [ROOM, fullness, ROOM])
  t.end()
})
