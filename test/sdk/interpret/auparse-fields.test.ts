import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { auparseFields, auparseType } from '../../../src/sdk/interpret/auparse-fields.js'
import { answered } from './auparse-answers.js'

void test('the fields of a record are those that libauparse lists', (t) => {
  const records = answered('fields')
  t.ok(records.length > 20)
  for (const [record, answers] of records) {
    const theirs = answers.map(({ name, value }) => ({ name, value: value ?? '' }))
    t.same([...auparseFields(record)], theirs, JSON.stringify(record.slice(0, 200)))
  }
  t.end()
})

void test('bytes and latin1 text give the same fields', (t) => {
  const log = readFileSync('test/fixtures/auparse/fields.log')
  t.same(auparseFields(log), auparseFields(log.toString('latin1')))
  t.end()
})

void test('what auditd added is no field, and is kept as it is written', (t) => {
  const { enriched } = auparseFields('type=LOGIN msg=audit(1.2:3): auid=0\x1dAUID="joe  doe" A=1\x1dB=2')
  t.equal(enriched, 'AUID="joe  doe" A=1\x1dB=2')
  t.equal(auparseFields('type=LOGIN msg=audit(1.2:3): auid=0').enriched, '')
  t.end()
})

void test('a record ends at its first byte that is zero', (t) => {
  t.same(
    [...auparseFields('a=1 b=2\0c=3\x1dD=4')],
    [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
  )
  t.equal(auparseFields('a=1\0\x1dD=4').enriched, '')
  t.end()
})

void test('the type is the first field but for the node, by name or number', (t) => {
  t.equal(auparseType(auparseFields('type=AVC a=1')), 1400)
  t.equal(auparseType(auparseFields('node=x type=AVC a=1')), 1400)
  t.equal(auparseType(auparseFields('type=UNKNOWN[1401]')), 1401)
  t.equal(auparseType(auparseFields('type=1402,')), 1402)
  t.equal(auparseType(auparseFields('type=avc')), 1400)
  t.equal(auparseType(auparseFields('type=NONSENSE')), 4294967295)
  t.equal(auparseType(auparseFields('a=1 type=AVC')), 4294967295)
  t.equal(auparseType([]), 4294967295)
  t.end()
})
