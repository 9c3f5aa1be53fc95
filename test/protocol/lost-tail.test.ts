// auditd 4.2 and 4.2.1 leave out the last 16 bytes of the kernel's records and of those from programs, in version 0.
import t from 'tap'
import type { Test } from 'tap'
import { listenTo } from './listener.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, recording } from './recordings.js'
import { exactStream, kernelRecord, recordsOf } from './wire.js'
import type { WireRecord } from './wire.js'

const LOST = 16

function cut(record: WireRecord): WireRecord {
  return { ...record, payload: record.payload.subarray(0, -LOST) }
}

function message(serial: number, text = "msg='op=login res=success'", type = 1112): WireRecord {
  return kernelRecord(serial, type, `pid=1 uid=0 ${text}`)
}

const EOE = kernelRecord(1, 1320, '')

function troublesIn(t: Test, records: readonly WireRecord[]): unknown[] {
  const { heard } = listenTo([exactStream(records)])
  t.equal(heard.frames.length, records.length, 'every record comes')
  return heard.troubles
}

void t.test('it is told once, with the releases, in a recording that was cut so', (t) => {
  const records = recordsOf(recording('v2.8.5-raw.bin'), 'exact').map(cut)
  t.match(troublesIn(t, records), [{ code: 'lost-tail', releases: ['4.2', '4.2.1'] }])
  t.equal(troublesIn(t, records).length, 1)
  t.end()
})

void t.test('no recording has it', (t) => {
  for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS]) {
    t.notOk(listenTo([recording(name)]).heard.codes.includes('lost-tail'), name)
  }
  t.end()
})

void t.test('end-of-event records cut within their time stamp, several in a row', (t) => {
  const shortEoe = cut(EOE)
  t.same(troublesIn(t, [shortEoe]), [], 'one may be damaged')
  t.same(troublesIn(t, [shortEoe, EOE, shortEoe]), [], 'a whole one between')
  t.same(troublesIn(t, [kernelRecord(1), shortEoe, kernelRecord(2), shortEoe, shortEoe]), [
    {
      code: 'lost-tail',
      offset: exactStream([kernelRecord(1), shortEoe, kernelRecord(2)]).length,
      releases: ['4.2', '4.2.1'],
    },
  ])
  const versionOne: WireRecord = { ...shortEoe, version: 1 }
  t.same(troublesIn(t, [versionOne, versionOne, versionOne]), [], 'the fault is in version 0 only')
  t.end()
})

void t.test('messages of programs without their closing quote, several in a row', (t) => {
  const short = cut(message(1))
  t.same(troublesIn(t, [short, short]), [])
  t.equal(troublesIn(t, [short, kernelRecord(2), short, short]).length, 1)
  t.equal(
    troublesIn(
      t,
      [2112, 2404, 1199].map((type) => cut(message(1, undefined, type))),
    ).length,
    1,
  )
  t.same(troublesIn(t, [short, short, message(3), short, short]), [], 'a whole one between')
  t.equal(troublesIn(t, [cut(EOE), short]).length, 1, 'together')
  t.end()
})

void t.test('what looks like it and is something else', (t) => {
  const atTheLimit = message(1, `msg='${'x'.repeat(8600)}`)
  t.same(troublesIn(t, [atTheLimit, atTheLimit, atTheLimit, atTheLimit]), [], 'cut by the kernel')
  const terminal = message(1, 'data=6C730D', 1124)
  t.same(troublesIn(t, [terminal, terminal, terminal]), [], 'no message field')
  const trailing = message(1, "msg='op=x' ")
  t.same(troublesIn(t, [trailing, trailing, trailing]), [], 'a blank behind the quote')
  t.same(
    troublesIn(
      t,
      [1300, 2000, 1700].map((type) => cut(message(1, undefined, type))),
    ),
    [],
    'not from programs',
  )
  t.end()
})
