import { test } from 'tap'
import type { StoodBlock } from './journal-reading.js'
import { judgeConsumer, Oracle, Sights, type SpoolView } from './oracle.js'

const S1 = '1'.repeat(32)

function data(firstSeq: number, ...lines: string[]): StoodBlock {
  const whose = { principal: 'p', stream: S1, position: 0 }
  return { ...whose, kind: 'data', isStated: false, firstSeq, count: lines.length, lines, reason: '', lost: 0 }
}

function hole(firstSeq: number, count: number): StoodBlock {
  return { ...data(firstSeq, 'a hole'), kind: 'hole', isStated: true, count }
}

function spool(...texts: string[]): SpoolView {
  return { principal: 'p', at: new Map(texts.map((text, index) => [index + 1, { stream: S1, text }])) }
}

function oracle(...texts: string[]): Oracle {
  const made = new Oracle()
  for (const text of texts) made.issue('p', text)
  return made
}

void test('what stands once and in order is well', (t) => {
  t.match(oracle('a', 'b', 'c').judgeRest([data(1, 'a', 'b'), data(3, 'c')], [spool('a', 'b', 'c')]), {
    violations: [],
    records: 3,
  })
  t.end()
})

void test('each thing that can be wrong is named', (t) => {
  const cases: readonly [name: RegExp, blocks: readonly StoodBlock[], spools: readonly SpoolView[]][] = [
    [/^missing: .*\/2 b$/, [data(1, 'a')], [spool('a', 'b')]],
    [/^twice: .*\/3 a$/, [data(1, 'a', 'b', 'a')], []],
    [/^invented: .*\/2 x$/, [data(1, 'a', 'x')], []],
    [/data at 3, not 2$/, [data(1, 'a'), data(3, 'c')], []],
    [/data at 1, not 2$/, [data(1, 'a'), data(1, 'b')], []],
    [/^out of order: .*\/2 a$/, [data(1, 'b', 'a')], []],
    [/^changed: .*\/2 b is c$/, [data(1, 'a', 'c')], [spool('a', 'b')]],
    [/^missing: .*\/3 c$/, [data(1, 'a'), hole(2, 1)], [spool('a', 'b', 'c')]],
  ]
  for (const [name, blocks, spools] of cases) {
    const { violations } = oracle('a', 'b', 'c').judgeRest(blocks, spools)
    t.equal(violations.length, 1, violations.join('; '))
    t.match(violations[0], name)
  }
  t.end()
})

void test('an entry covers exactly what it says', (t) => {
  const verdict = oracle('a', 'b', 'c').judgeRest([data(1, 'a'), hole(2, 2)], [spool('a', 'b', 'c')])
  t.match(verdict, { violations: [], covered: 2, holes: 1 })
  t.end()
})

void test('what was acknowledged stands somewhere, unless it is forgiven', (t) => {
  const known = oracle('a', 'b')
  known.oblige('p', 'a')
  known.oblige('p', 'b')
  t.match(known.judgeRest([data(1, 'a')], []).violations, ['acknowledged and gone: p b'])
  t.same(known.judgeRest([data(1, 'a')], [spool('a', 'b')]).violations, [`missing: p/${S1}/2 b`])
  t.equal(
    known.forgive('p', (text) => text === 'b'),
    1,
  )
  t.same(known.judgeRest([data(1, 'a')], []).violations, [])
  t.end()
})

void test('a consumer has all in order, and repeats only after deaths', (t) => {
  const journal = ['a', 'b', 'c', 'd']
  t.match(judgeConsumer(journal, journal, 0, 2), { violations: [], repeats: 0 })
  t.match(judgeConsumer(['a', 'b', 'c', 'b', 'c', 'd'], journal, 1, 2), { violations: [], repeats: 2 })
  for (const [consumed, deaths] of [
    [['a', 'b', 'c'], 0],
    [['a', 'c', 'd'], 0],
    [['a', 'b', 'b', 'c', 'd'], 0],
    [['a', 'b', 'c', 'd', 'b', 'c', 'd'], 1],
    [['a', 'x'], 1],
  ] as const)
    t.equal(judgeConsumer(consumed, journal, deaths, 2).violations.length, 1, consumed.join(''))
  t.end()
})

void test('a run that has met too little is vacuous', (t) => {
  const sights = new Sights({ forks: 2, holes: 0 })
  sights.saw('forks')
  t.same(sights.missing, ['forks: 1 of 2'])
  const more = new Sights({ forks: 0, holes: 0 })
  more.saw('forks')
  sights.add(more)
  t.same(sights.missing, [])
  t.equal(String(sights), 'forks=2 holes=0')
  t.end()
})
