// The page on auditd's protocol: its dumps are the recorded session, and its tables what the code knows.

import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { RMW_STREAM } from '../plugins/remote-recv/rmw-senders.js'
import { MAX_KEPT_BYTES, MAX_PAYLOAD_BYTES, RMW, verdictOf } from '../src/remote/rmw/message.js'
import { RmwReader } from '../src/remote/rmw/reader.js'
import { MAX_REMEMBERED } from '../src/remote/rmw/repeats.js'
import { rmw } from './remote/rmw/wire.js'

const PAGE = readFileSync('docs/protocol/rmw.md', 'utf8')

function dump(name: string): Buffer {
  const [, text = ''] = new RegExp(`^\`\`\`${name}\\n([^]*?)^\`\`\`$`, 'm').exec(PAGE) ?? []
  const rows = [...text.matchAll(/^([0-9a-f]{8}): ((?:[0-9a-f]{2,4} )+) /gm)]
  const parts: Buffer[] = []
  let at = 0
  for (const [, offset = '', hex = ''] of rows) {
    if (Number.parseInt(offset, 16) !== at) throw new Error(`a row at ${offset}`)
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    parts.push(bytes)
    at += bytes.length
  }
  return Buffer.concat(parts)
}

void test('the dumps are the recordings, and read as the page says', (t) => {
  const recordings = {
    client: 'session.client-to-server',
    server: 'session.server-to-client',
    replies: 'replies.server-to-client',
  }
  for (const [name, file] of Object.entries(recordings)) {
    const bytes = dump(name)
    t.ok(bytes.equals(readFileSync(`test/fixtures/rmw/${file}.bin`)), name)
    const { messages, fault } = new RmwReader().push(bytes)
    t.equal(fault, undefined)
    const built = messages.map(({ type, sequence, payload }) => rmw(type, sequence, payload))
    t.ok(Buffer.concat(built).equals(bytes), `${name}, built by hand`)
  }
  const types = (name: string): number[] => new RmwReader().push(dump(name)).messages.map(({ type }) => type)
  t.same(types('client'), [RMW.message, RMW.heartbeat, RMW.heartbeat, RMW.message])
  t.same(types('server'), [RMW.ack, RMW.ack, RMW.ack, RMW.ack, RMW.ending])
  t.same(types('replies'), [RMW.ack, RMW.diskLow, RMW.diskError, RMW.diskFull])
  t.end()
})

void test('the table of types is the one in the code', (t) => {
  const rows = [...PAGE.matchAll(/^\| `0x([0-9a-f]{8})` \| ([A-Z]+) \|.*\|(.*)\|$/gm)]
  t.same(
    rows.map(([, hex = '', name = '']) => [name, Number.parseInt(hex, 16)]),
    Object.entries(RMW).map(([name, type]) => [name.toUpperCase(), type]),
  )
  for (const [, hex = '', name = '', told = ''] of rows) {
    const verdict = verdictOf(Number.parseInt(hex, 16))
    if (told.includes('not stored')) t.equal(verdict, 'refused', name)
    else if (told.includes('stored')) t.equal(verdict, 'stored', name)
  }
  t.end()
})

void test('its numbers are those of the code', (t) => {
  for (const number of [MAX_KEPT_BYTES, MAX_PAYLOAD_BYTES, MAX_REMEMBERED]) t.match(PAGE, new RegExp(`\\b${number}\\b`))
  t.ok(PAGE.includes(`\`${RMW_STREAM}\``))
  t.end()
})
