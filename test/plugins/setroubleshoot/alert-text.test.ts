import { test } from 'tap'
import { alertOf, MAX_EVENT_BYTES } from '../../../plugins/setroubleshoot/alert-text.js'
import { readOptions } from '../../../plugins/setroubleshoot/config.js'
import { readRecord, type AuditRecord } from '../../../src/protocol/record-fields.js'
import { avcEvent, avcRecord, proctitleRecord, selinuxErrRecord, syscallRecord } from './alerts.js'

const TYPES = new Set(['AVC', 'SELINUX_ERR'])

function recordOf(line: string | Buffer): AuditRecord {
  const record = readRecord(line)
  if (record === undefined) throw new Error(String(line))
  return record
}

function textOf(...lines: readonly (string | Buffer)[]): string {
  const alert = alertOf({ records: lines.map(recordOf) }, TYPES)
  return alert.kind === 'text' ? alert.text.toString() : alert.kind
}

void test('an event is handed over whole if it has a record of the types', (t) => {
  t.equal(
    textOf(...avcEvent(7)),
    avcEvent(7)
      .map((line) => `${line}\n`)
      .join(''),
  )
  t.equal(textOf(selinuxErrRecord(1)), `${selinuxErrRecord(1)}\n`)
  t.equal(textOf(syscallRecord(1), proctitleRecord(1)), 'other')
  t.equal(textOf(avcRecord(1).replace('type=AVC', 'type=USER_AVC')), 'other')
  t.equal(textOf(`node=web ${avcRecord(1)}`), `node=web ${avcRecord(1)}\n`)
  t.end()
})

void test('what auditd has added is not handed over, nor what the bus does not take', (t) => {
  t.equal(textOf(`${avcRecord(1)}\u001dUID="root" AUID="unset"`), `${avcRecord(1)}\n`)
  const hostile = Buffer.concat([Buffer.from(avcRecord(1)), Buffer.from([0x20, 0xff, 0x00, 0xed, 0xa0, 0x80])])
  t.equal(textOf(hostile), `${avcRecord(1)} ${'\ufffd'.repeat(4)}\n`)
  t.end()
})

void test('an alert about setroubleshootd itself is not', (t) => {
  for (const [from, to] of [
    ['system_u:system_r:httpd_t:s0 tcontext', 'system_u:system_r:setroubleshootd_t:s0 tcontext'],
    ['object_r:user_home_t', 'object_r:setroubleshootd_t'],
  ] as const) {
    t.equal(textOf(avcRecord(1).replace(from, to), syscallRecord(1)), 'own')
  }
  t.equal(textOf(avcRecord(1, 'comm="setroubleshootd_t"')).length > 10, true)
  t.end()
})

void test('an event has a bound', (t) => {
  const long = avcRecord(1, `comm="${'x'.repeat(50_000)}"`)
  const count = Math.floor(MAX_EVENT_BYTES / (long.length + 1))
  t.equal(textOf(...Array.from({ length: count }, () => long)).length, count * (long.length + 1))
  t.equal(textOf(...Array.from({ length: count + 1 }, () => long)), 'too-long')
  t.end()
})

void test('arguments', (t) => {
  const { settings, mistakes } = readOptions([])
  t.same(mistakes, [])
  t.same(settings, {
    socket: '/run/dbus/system_bus_socket',
    types: TYPES,
    queueEvents: 1000,
    queueBytes: 8 * 1024 * 1024,
  })
  t.same(readOptions(['/x', '--types', 'avc,user_avc', '--queue', '5', '--queue-bytes', '1M']).settings, {
    socket: '/x',
    types: new Set(['AVC', 'USER_AVC']),
    queueEvents: 5,
    queueBytes: 1024 * 1024,
  })
  t.match(readOptions(['x', '/y', '--types', 'AVC,SELINUX_ER', '--queue', '0', '--queue-bytes', '1K']).mistakes, [
    "'/y' is one socket too many",
    /'x' is not an absolute path/,
    "--types: 'SELINUX_ER' is no record type (did you mean 'SELINUX_ERR'?)",
    /--queue: '0'/,
    /--queue-bytes: '1K'/,
  ])
  t.throws(() => readOptions(['--type', 'AVC']))
  t.end()
})
