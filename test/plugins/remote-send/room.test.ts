import { test } from 'tap'
import { fullReason, judge, RESERVE_BYTES, resumed, ROOM } from '../../../plugins/remote-send/room.js'

const FACTS = { spoolBytes: 1_000_000, fileSystem: { freeBytes: 5000, totalBytes: 100_000 }, commitError: '' }
const LIMITS = { maxBytes: 2_000_000, minFsFree: { kind: 'share', percent: 2 } } as const

void test('a spool is full by its own size, by what is free beside it, or by what the disk says', (t) => {
  const left = LIMITS.maxBytes - FACTS.spoolBytes - RESERVE_BYTES
  const wide = { ...FACTS, fileSystem: undefined }
  t.equal(fullReason(wide, LIMITS, left), undefined)
  t.equal(fullReason(wide, LIMITS, left + 1), 'max-bytes', 'what is kept back for the LOSS is not for records')
  t.equal(fullReason(FACTS, LIMITS, 3000), undefined, 'two percent stay free')
  t.equal(fullReason(FACTS, LIMITS, 3001), 'fs-free')
  for (const code of ['ENOSPC', 'EDQUOT']) t.equal(fullReason({ ...wide, commitError: code }, LIMITS, 0), 'no-space')
  t.equal(fullReason({ ...wide, commitError: 'EIO' }, LIMITS, 0), 'disk-error')
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
