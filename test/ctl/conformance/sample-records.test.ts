import { readFileSync } from 'node:fs'
import { test } from 'tap'
import {
  manyRecords,
  oddRecords,
  recordedRecords,
  recordThatFills,
  withEnds,
} from '../../../src/ctl/conformance/sample-records.js'

const RECORDINGS = ['v2.8.5-raw.string', 'v2.8.5-enriched.bin', 'v2.8.5-enriched-node.bin']

void test('the recorded records were recorded', (t) => {
  const recordings = RECORDINGS.map((name) => readFileSync(`test/fixtures/auditd-stream/${name}`, 'latin1'))
  const records = recordedRecords().map((record) => record.toString('latin1'))
  t.ok(records.length > 300)
  t.same(
    records.filter((record) => !recordings.some((recording) => recording.includes(record))),
    [],
  )
  for (const kind of [/^node=node1 type=/, /^type=/, /type=EOE /, /[\x80-\xff]/, /^.{8000}/]) {
    t.ok(
      records.some((record) => kind.test(record)),
      String(kind),
    )
  }
  t.ok(
    records.some((record) => record.includes('\x1d')),
    'enriched',
  )
  t.end()
})

void test('every event has an end', (t) => {
  const ended = (records: readonly string[]): string[] =>
    withEnds(records.map((record) => Buffer.from(record))).map((record) => record.toString())
  const path = 'type=PATH msg=audit(1.000:1): item=0'
  const cwd = 'node=web1 type=CWD msg=audit(1.000:1): cwd="/"'
  const title = 'type=PROCTITLE msg=audit(1.000:1): proctitle=61'
  const login = 'type=USER_LOGIN msg=audit(1.000:2): op=login'
  t.same(ended([path, login]), [path, login, 'type=EOE msg=audit(1.000:1): '])
  t.same(ended([path, cwd, title]), [path, cwd, title, 'node=web1 type=EOE msg=audit(1.000:1): '])
  t.same(ended([path, title]), [path, title])
  t.end()
})

void test('what is made up keeps to the contract', (t) => {
  const all = [...oddRecords(), ...manyRecords(100_000)]
  t.ok(all.every((record) => record.length > 0 && !record.includes(0x0a) && !record.includes(0x00)))
  const present = new Set(Buffer.concat(oddRecords()))
  t.equal(present.size, 254, 'every byte but LF and NUL')
  t.equal('RECORD 12 '.length + recordThatFills('RECORD 12 ').length + 1, 65_536)
  t.end()
})
