// Whatever stands in a line: no crash, no second field, no second record.

import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { readJsonLine } from '../../../plugins/iptables/json-packet.js'
import { readKmsg } from '../../../plugins/iptables/kmsg-record.js'
import { readLogLine } from '../../../plugins/iptables/log-line.js'
import { readLogText } from '../../../plugins/iptables/log-text.js'
import type { Reading } from '../../../plugins/iptables/packet.js'
import { packetMessage, packetRecord } from '../../../plugins/iptables/packet-record.js'
import { Random } from '../../protocol/random.js'

const ROUNDS = 2000
const RECORD =
  /^type=NETFILTER_PKT msg=audit\(\d+\.\d{3}:\d{10}\): mark=0x[0-9a-f]+ saddr=[0-9a-f:.]+ daddr=[0-9a-f:.]+ proto=\d+(?: [a-z]+=(?:"[\x21\x23-\x26\x28-\x7e]+"|[\w:,.]+))*$/

function linesOf(name: string): Buffer[] {
  return readFileSync(`test/fixtures/netfilter/${name}`, 'latin1')
    .split('\n')
    .filter(Boolean)
    .map((line) => Buffer.from(line, 'latin1'))
}

/** A line with some bytes changed, cut, doubled, or mixed with another one. */
function damaged(random: Random, line: Buffer, other: Buffer): Buffer {
  const at = random.below(line.length)
  switch (random.below(5)) {
    case 0:
      return line.subarray(0, at)
    case 1:
      return Buffer.concat([line.subarray(0, at), random.bytes(1 + random.below(4)), line.subarray(at + 1)])
    case 2:
      return Buffer.concat([line.subarray(0, at), other.subarray(random.below(other.length))])
    case 3: {
      const harm = random.oneOf(['"', "'", ' ', '=', ' IN= OUT= ', '\n', ')', '\0', '\x1d', 'SRC=::1 ', '[', ']'])
      return Buffer.concat([line.subarray(0, at), Buffer.from(harm), line.subarray(at)])
    }
    default:
      return random.bytes(at)
  }
}

void test('a damaged line is a sound record or none', (t) => {
  const random = new Random(5)
  const sources: readonly (readonly [lines: readonly Buffer[], read: (line: Buffer) => Reading])[] = [
    [linesOf('kmsg.txt'), (line) => readLogText(readKmsg(line)?.text ?? '')],
    [linesOf('logemu.log'), (line) => readLogLine(line, 'logemu', 0)],
    [linesOf('ulogd.json'), readJsonLine],
  ]
  const kinds: Record<Reading['kind'], number> = { packet: 0, other: 0, odd: 0 }
  for (const [lines, read] of sources) {
    for (let round = 0; round < ROUNDS; round++) {
      const reading = read(damaged(random, random.oneOf(lines), random.oneOf(lines)))
      kinds[reading.kind]++
      if (reading.kind !== 'packet') continue
      const record = packetRecord(reading.packet, 'f', round, 0)
      const message = packetMessage(reading.packet, 0)
      if (!RECORD.test(record) || message.includes("'") || message.length > 1500) t.fail(record)
    }
  }
  t.ok(
    Object.values(kinds).every((count) => count > ROUNDS / 10),
    JSON.stringify(kinds),
  )
  t.end()
})

void test('a long line costs what its length does', (t) => {
  for (const piece of ['IN=', 'IN= OUT=', '[', 'IN=a OUT=b ', 'SRC=', '\\x', ' ']) {
    const line = piece.repeat(16_384 / piece.length)
    t.not(readLogText(line).kind, 'packet')
    t.not(readLogLine(Buffer.from(`Nov 22 07:10:32 vm ${line} OUT=`), 'logemu', 0).kind, 'packet')
    t.not(readJsonLine(Buffer.from(line)).kind, 'packet')
    t.equal(readKmsg(Buffer.from(line)), undefined)
  }
  t.end()
})
