import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { StatusFile } from '../../../plugins/filter/status-file.js'
import { readStatus, statusText, type FilterStatus } from '../../../plugins/filter/status.js'
import { HandClock } from './hand-clock.js'

const STATUS: FilterStatus = {
  version: 1,
  state: 'running',
  pid: 77,
  writtenMs: 1_700_000_000_000,
  startedMs: 1_690_000_000_000,
  unit: 'event',
  default: 'keep',
  records: 9,
  kept: 5,
  dropped: 4,
  lost: 1,
  undecided: 3,
  openEvents: 2,
  child: { program: '/bin/c', pid: 78, starts: 1, waitingBytes: 0 },
  rules: [
    {
      name: 'x',
      file: '/f',
      line: 1,
      rule: 'count as x when a r= "\x1b[2J"',
      hits: 6,
      told: 0,
      limited: 0,
      repeated: 0,
      failed: 0,
    },
  ],
}

void test('what the status says, and of whom', (t) => {
  const text = statusText(STATUS, true)
  t.match(
    text,
    /^running, pid 77, as of 2023-11-14T22:13:20\.000Z\n9 records, 5 kept, 4 dropped, 1 lost, 2 events open\n/,
  )
  t.match(text, '\nx: 6 hits: count as x when a r= "\\x1b[2J"\ndefault keep: 3 hits\n')
  t.match(statusText(STATUS, false), /^gone without a word, pid 77,/)
  t.match(statusText({ ...STATUS, state: 'stopped' }, false), /^stopped, pid 77,/)
  t.same(readStatus(JSON.stringify(STATUS)), STATUS)
  for (const json of ['', '{', '[]', '{}', JSON.stringify({ ...STATUS, rules: [{}] })]) {
    t.equal(readStatus(json), undefined, json)
  }
  t.end()
})

void test('the status file is written whole, through nothing, and trouble is told once', async (t) => {
  const clock = new HandClock()
  const dir = t.testdir({ precious: 'as it was' })
  const path = join(dir, 'status', 'filter.json')
  let text = 'one'
  const troubles: unknown[] = []
  const file = new StatusFile(
    path,
    clock,
    () => text,
    (error) => troubles.push(error),
  )
  await file.write()
  t.equal(readFileSync(path, 'utf8'), 'one', 'the directory is made')
  symlinkSync(join(dir, 'precious'), `${path}.new`)
  text = 'two'
  await file.write()
  t.equal(readFileSync(path, 'utf8'), 'two')
  t.equal(readFileSync(join(dir, 'precious'), 'utf8'), 'as it was')
  mkdirSync(`${path}.new`)
  await file.write()
  await file.write()
  t.equal(troubles.length, 1)
  t.equal(readFileSync(path, 'utf8'), 'two')
  t.end()
})

void test('nothing is written for nobody, and not before its time', async (t) => {
  const clock = new HandClock()
  const path = join(t.testdir({}), 'filter.json')
  let asked = 0
  const fail = (error: unknown): void => {
    throw error
  }
  const ask = (): string => String(++asked)
  const nobody = new StatusFile('', clock, ask, fail)
  nobody.changed()
  await nobody.write()
  t.equal(clock.waiting, 0)
  const file = new StatusFile(path, clock, ask, fail)
  file.changed()
  file.changed()
  t.equal(clock.waiting, 1)
  await clock.pass(9_999)
  t.equal(asked, 0)
  await clock.pass(1)
  await file.write()
  t.equal(readFileSync(path, 'utf8'), '2')
  t.end()
})
