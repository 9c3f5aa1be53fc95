import { test } from 'tap'
import { isAtLeast, parseVersion, rulesOf } from '../../src/ctl/auditd-version.js'

void test('versions as auditd and as packagers write them', async (t) => {
  for (const [text, parts] of [
    ['3.0.9', [3, 0, 9]],
    ['4.2', [4, 2, 0]],
    ['4.0.4b', [4, 0, 4]],
    ['1:3.0.9-1', [3, 0, 9]],
    ['2.8.5-4.el7', [2, 8, 5]],
    ['4.1.2-1~bpo12+1', [4, 1, 2]],
  ] as const) {
    t.same(parseVersion(text)?.parts, parts, text)
  }
  for (const text of ['', '3', 'v3.0.9', '3.0.9 ', 'latest', '3.0.9\n', '3..9']) {
    t.equal(parseVersion(text), undefined, JSON.stringify(text))
  }
})

void test('later is later in every place', async (t) => {
  const version = { text: '4.1.3', parts: [4, 1, 3] } as const
  t.ok(isAtLeast(version, 4))
  t.ok(isAtLeast(version, 4, 1, 3))
  t.ok(isAtLeast(version, 3, 9, 9))
  t.ok(isAtLeast(version, 4, 0, 9))
  t.notOk(isAtLeast(version, 5))
  t.notOk(isAtLeast(version, 4, 2))
  t.notOk(isAtLeast(version, 4, 1, 4))
})

void test('what each release accepts', async (t) => {
  for (const [text, rules] of [
    ['2.8.5', { place: 'dispatcher-line', maxArgs: 0, maxLineBytes: 158 }],
    ['3.0', { place: 'plugin-dir', maxArgs: 2, maxLineBytes: 158, programMode: 0o750 }],
    ['4.0', { maxArgs: 2 }],
    ['4.0.1', { maxArgs: Infinity, programMode: 0o750 }],
    ['4.0.5', { programMode: 0o550, maxLineBytes: 158 }],
    ['4.1.2', { maxLineBytes: 158 }],
    ['4.1.3', { maxLineBytes: 510, reloadAppliesChanges: false }],
    ['4.2', { reloadAppliesChanges: true }],
    ['5.0', { place: 'plugin-dir', reloadAppliesChanges: true }],
  ] as const) {
    const version = parseVersion(text)
    t.match(version && rulesOf(version), rules, text)
  }
})
