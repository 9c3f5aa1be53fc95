import { test } from 'tap'
import type { FileFacts } from '../../src/config/disk.js'
import { doubtsAbout, type Trust } from '../../src/config/file-trust.js'

const ROOT: Trust = { kind: 'root' }
const OWNER: Trust = { kind: 'root-or-owner', uid: 5, gid: 6 }
const ROOTS: FileFacts = { kind: 'file', uid: 0, gid: 0, mode: 0o644, identity: '' }

function levels(facts: Partial<FileFacts>, trust: Trust): string[] {
  return doubtsAbout({ ...ROOTS, ...facts }, trust).map(({ level }) => level)
}

void test("root's own files", (t) => {
  for (const mode of [0o644, 0o600, 0o755, 0o664, 0o4755, 0o777 & ~0o002])
    t.same(levels({ mode }, ROOT), [], mode.toString(8))
  t.same(levels({ gid: 4, mode: 0o640 }, ROOT), [], 'a group that only reads')
  t.end()
})

void test('files that somebody else owns or may write', (t) => {
  const bad: readonly (readonly [facts: Partial<FileFacts>, text: RegExp])[] = [
    [{ uid: 5 }, /^belongs to user 5; it must be root's \(chown root\)$/],
    [{ gid: 6, mode: 0o660 }, /^group 6 may write it \(chmod g-w\)$/],
    [{ mode: 0o646 }, /^everybody may write it \(chmod o-w\)$/],
    [{ mode: 0o002 }, /^everybody/],
  ]
  for (const [facts, text] of bad) {
    const found = doubtsAbout({ ...ROOTS, ...facts }, ROOT)
    t.match(found, [{ level: 'error', text }])
    t.equal(found.length, 1)
  }
  t.same(levels({ uid: 5, gid: 6, mode: 0o666 }, ROOT), ['error', 'error', 'error'], 'all at once')
  t.end()
})

void test('the owner of the directory given by -c', (t) => {
  t.same(levels({}, OWNER), [])
  t.same(levels({ uid: 5 }, OWNER), ['warning'])
  t.same(levels({ gid: 6, mode: 0o664 }, OWNER), ['warning'])
  t.same(levels({ uid: 5, gid: 6, mode: 0o664 }, OWNER), ['warning', 'warning'])
  t.same(levels({ uid: 7 }, OWNER), ['error'])
  t.same(levels({ uid: 5, gid: 7, mode: 0o664 }, OWNER), ['warning', 'error'])
  t.same(levels({ uid: 5, mode: 0o646 }, OWNER), ['warning', 'error'], 'but nobody may let everybody write')
  t.end()
})

void test('who is not root has nobody to fear', (t) => {
  t.same(levels({ uid: 5, gid: 6, mode: 0o666 }, { kind: 'anybody' }), [])
  t.end()
})
