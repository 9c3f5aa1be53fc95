import * as fc from 'fast-check'
import { test } from 'tap'
import { unifiedDiff } from '../../src/ctl/unified-diff.js'

const diff = (before: string, after: string): string =>
  unifiedDiff({ name: 'old', text: before }, { name: 'new', text: after })

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('')

void test('equal texts have no diff', async (t) => {
  t.equal(diff('', ''), '')
  t.equal(diff('a\n', 'a\n'), '')
})

void test('a new text and a gone one', async (t) => {
  t.equal(diff('', 'a\nb\n'), '--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n')
  t.equal(diff('a\n', ''), '--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n')
})

void test('three lines of context stand round a change', async (t) => {
  const before = numbered(1, 9)
  const after = before.replace('5\n', 'five\n')
  t.equal(diff(before, after), '--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n')
})

void test('changes six lines apart share a hunk, seven lines apart do not', async (t) => {
  const near = diff(numbered(1, 12), `${numbered(1, 2)}x\n${numbered(4, 9)}y\n${numbered(11, 12)}`)
  t.equal(near.match(/^@@/gm)?.length, 1)
  t.match(near, '@@ -1,12 +1,12 @@')
  const far = diff(numbered(1, 13), `${numbered(1, 2)}x\n${numbered(4, 10)}y\n${numbered(12, 13)}`)
  t.equal(far.match(/^@@/gm)?.length, 2)
  t.match(far, '@@ -1,6 +1,6 @@')
  t.match(far, '@@ -8,6 +8,6 @@')
})

void test('a last line without a newline says so, on each side', async (t) => {
  const mark = '\\ No newline at end of file\n'
  t.equal(diff('a', 'a\n'), `--- old\n+++ new\n@@ -1 +1 @@\n-a\n${mark}+a\n`)
  t.equal(diff('a\nb', 'c\nb'), `--- old\n+++ new\n@@ -1,2 +1,2 @@\n-a\n+c\n b\n${mark}`)
})

void test('a diff leads from the old text to the new one', async (t) => {
  const text = fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', '-', '+x'), { maxLength: 30 }), fc.boolean())
    .map(([lines, ended]) => lines.join('\n') + (ended && lines.length > 0 ? '\n' : ''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      return before === after || patched(before, diff(before, after)) === after
    }),
    { numRuns: 500 },
  )
  t.pass()
})

void test('texts too long to compare are replaced whole', async (t) => {
  const before = numbered(1, 2500)
  const after = numbered(3001, 5500)
  t.equal(patched(before, diff(before, after)), after)
  t.match(diff(before, after), '@@ -1,2500 +1,2500 @@\n-1\n-2\n')
})

/** Applies a diff as patch does, and insists that its removed and context lines are really there. */
function patched(before: string, diffText: string): string {
  const old = before.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const young: string[] = []
  let at = 0
  const lines = diffText.split('\n').slice(2, -1)
  for (const [index, line] of lines.entries()) {
    const range = /^@@ -(\d+)(?:,(\d+))? /.exec(line)
    if (range !== null) {
      const start = Number(range[1]) - (range[2] === '0' ? 0 : 1)
      young.push(...old.slice(at, start))
      at = start
      continue
    }
    if (line.startsWith('\\')) continue
    const text = line.slice(1) + (lines[index + 1]?.startsWith('\\ No') === true ? '' : '\n')
    if (!line.startsWith('+')) {
      if (old[at] !== text) return `line ${at + 1} is ${old[at]}, not ${text}`
      at += 1
    }
    if (!line.startsWith('-')) young.push(text)
  }
  return [...young, ...old.slice(at)].join('')
}
