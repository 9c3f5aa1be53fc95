// What is let through, what is held back, and where reading goes on.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { Intake, type IntakeOptions } from '../../../plugins/iptables/intake.js'
import { KernelOutput } from '../../../plugins/iptables/kernel-output.js'
import { Positions } from '../../../plugins/iptables/positions.js'
import { prefixFilter } from '../../../plugins/iptables/prefix-filter.js'
import { Quota } from '../../../plugins/iptables/quota.js'
import { Spell } from '../../../plugins/iptables/spell.js'
import type { Reading } from '../../../plugins/iptables/packet.js'
import type { Source, SourceLine } from '../../../plugins/iptables/source.js'
import { Voice } from '../../../src/remote/voice.js'
import { NODE_CLOCK } from '../../../src/remote/node-world.js'

void test('prefixes by pattern', (t) => {
  const wanted = (patterns: string, prefix: string): boolean => prefixFilter(patterns.split(' '))(prefix)
  t.ok(prefixFilter([])('anything'))
  for (const [patterns, prefix] of [
    ['fw-*', 'fw-drop'],
    ['fw-*', 'fw-'],
    ['*', ''],
    ['a b', 'b'],
    ['*drop*in', 'fw drop x in'],
    ['a*a', 'aa'],
    ['a.c', 'a.c'],
  ] as const) {
    t.ok(wanted(patterns, prefix), `${patterns} ${prefix}`)
  }
  for (const [patterns, prefix] of [
    ['fw-*', 'xfw-drop'],
    ['a*a', 'a'],
    ['a.c', 'abc'],
    ['*a*b', 'ba'],
    ['ab*bc', 'abc'],
    ['FW', 'fw'],
  ] as const) {
    t.notOk(wanted(patterns, prefix), `${patterns} ${prefix}`)
  }
  t.end()
})

void test('so many of a second', (t) => {
  const quota = new Quota(2)
  const passed = [0, 10, 20, 999, 1000, 1001, 1002, 9000].filter((timeMs) => quota.passes(timeMs))
  t.same(passed, [0, 10, 1000, 1001, 9000])
  const none = new Quota(0)
  t.ok(Array.from({ length: 100 }, () => none.passes(0)).every(Boolean))
  t.end()
})

function packet(prefix: string, timeMs?: number): Reading {
  return { kind: 'packet', packet: { timeMs, fields: new Map(prefix === '' ? [] : [['prefix', prefix]]) } }
}

/** Gives each lot of readings, and then comes to its end. */
function sourceOf(...lots: readonly (readonly Reading[])[]): Source {
  let position = 0
  const rest = [...lots]
  return {
    async next() {
      return rest.shift()?.map((reading): SourceLine => ({ reading, position: ++position }))
    },
    placeAt: (at) => ({ identity: '', base: 0, offset: at }),
    get position() {
      return position
    },
    close() {},
  }
}

async function run(options: IntakeOptions, lots: readonly (readonly Reading[])[], clock: number[]): Promise<string[]> {
  const said: string[] = []
  const intake = new Intake(
    options,
    async ({ fields }, position, heldBack) => {
      said.push(`${position} ${fields.get('prefix') ?? '-'} ${heldBack}`)
      return true
    },
    () => clock[0] ?? 0,
    {
      odd: (why) => said.push(why),
      heldBack: () => said.push('held'),
    },
  )
  await intake.run(sourceOf(...lots), new AbortController().signal, () => {
    said.push(`passed ${intake.done}`)
    if (clock.length > 1) clock.shift()
  })
  return said
}

void test('packets are sent, the rest is passed over, and told once', async (t) => {
  const lot = [
    packet('fw-a'),
    packet('other'),
    { kind: 'other' } as const,
    { kind: 'odd', why: 'torn' } as const,
    packet(''),
  ]
  t.same(await run({ prefixes: ['fw-*'], maxPerSecond: 0 }, [lot], [0]), ['1 fw-a 0', 'torn', 'passed 5'])
  const flood = Array.from({ length: 5 }, () => packet('f', 0))
  const said = await run({ prefixes: [], maxPerSecond: 1 }, [flood, [packet('g', 1000), packet('g', 1001)]], [10_000])
  t.same(said, ['1 f 0', 'held', 'held', 'held', 'held', 'passed 5', '6 g 4', 'held', 'passed 7'])
})

void test('what could not be sent is not done', async (t) => {
  const intake = new Intake(
    { prefixes: [], maxPerSecond: 0 },
    async (_packet, position) => position < 2,
    () => 0,
    {
      odd() {},
      heldBack() {},
    },
  )
  await intake.run(sourceOf([packet('a'), packet('b'), packet('c')]), new AbortController().signal, () => {})
  t.equal(intake.done, 1)
})

void test('a spell is told when it begins and when it is over', (t) => {
  const said: string[] = []
  let nowMs = 0
  const spell = new Spell(
    () => nowMs,
    () => said.push('begins'),
    (count) => said.push(`over ${count}`),
  )
  spell.look()
  spell.add(2)
  nowMs = 1999
  spell.look()
  spell.add(3)
  nowMs = 3998
  spell.look()
  t.same(said, ['begins'])
  nowMs = 3999
  spell.look()
  spell.end()
  spell.add(1)
  spell.end()
  t.same(said, ['begins', 'over 5', 'begins', 'over 1'])
  t.end()
})

function directory(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'positions-'))
  t.teardown(() => {
    rmSync(dir, { recursive: true })
  })
  return dir
}

void test('a position is found again by the same source', (t) => {
  const path = join(directory(t), 'sub', 'position')
  const said: string[] = []
  const voice = new Voice(NODE_CLOCK, (line) => said.push(line))
  let nowMs = 0
  const positions = new Positions(path, 'syslog /f', voice, () => nowMs)
  t.match(positions.start(5), { place: undefined, leastBase: 5 })
  const place = { identity: '1:2', base: 100, offset: 7 }
  positions.save(place)
  t.match(positions.start(5), { place, leastBase: 107 })
  t.match(positions.start(500), { place, leastBase: 500 })
  t.match(new Positions(path, 'json /f', voice, () => 0).start(5), { place: undefined, leastBase: 107 })
  utimesSync(path, 5, 5)
  t.equal(positions.start(5).placedAtMs, 5000)
  nowMs = 999
  positions.reached({ ...place, offset: 8 })
  t.same(positions.start(0).place, place, 'not every time')
  nowMs = 1000
  positions.reached({ ...place, offset: 9 })
  t.same(positions.start(0).place?.offset, 9)
  t.same(said, [])
  for (const text of ['', '{', '{"source":"syslog /f"}', '{"source":"syslog /f","identity":"","base":-1,"offset":0}']) {
    writeFileSync(path, text)
    t.match(positions.start(5), { place: undefined, leastBase: 5 }, text)
  }
  const other = `${path}.other`
  writeFileSync(other, 'of somebody else')
  symlinkSync(other, `${path}.new`)
  positions.save({ ...place, offset: 10 })
  t.equal(positions.start(5).place?.offset, 10)
  t.equal(readFileSync(other, 'utf8'), 'of somebody else', 'no link is followed')
  t.match(said[0], 'the position file cannot be used; beginning as if there were none')
  t.end()
})

void test('a position that cannot be written is told once, and written when it can be', (t) => {
  const dir = directory(t)
  writeFileSync(join(dir, 'sub'), '')
  const said: string[] = []
  const positions = new Positions(
    join(dir, 'sub', 'position'),
    's',
    new Voice(NODE_CLOCK, (line) => said.push(line)),
    () => 0,
  )
  positions.save({ identity: '', base: 0, offset: 1 })
  positions.save({ identity: '', base: 0, offset: 2 })
  t.equal(said.length, 1)
  t.match(said[0], /the position file cannot be written; .*why="?[a-z]/s)
  rmSync(join(dir, 'sub'))
  positions.save({ identity: '', base: 0, offset: 2 })
  t.match(said[1], 'the position file is written again')
  t.match(JSON.parse(readFileSync(join(dir, 'sub', 'position'), 'utf8')), { offset: 2 })
  t.end()
})

void test('the kernel is asked until it takes a message, and not after the end', async (t) => {
  const said: string[] = []
  const voice = new Voice(NODE_CLOCK, (line) => said.push(line))
  const ending = new AbortController()
  const answers = ['no room', undefined, 'no room', 'no room']
  const asked: string[] = []
  const output = new KernelOutput(
    voice,
    async (message) => {
      asked.push(message)
      if (answers.length === 1) ending.abort()
      return answers.shift()
    },
    1,
  )
  t.equal(await output.send('a', ending.signal), true)
  t.equal(await output.send('b', ending.signal), false)
  t.same(asked.slice(0, 3), ['a', 'a', 'b'])
  t.match(said, [/does not take messages; trying again/, /takes messages again/, /does not take messages/])
})
