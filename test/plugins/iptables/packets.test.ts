// What LOG, LOGEMU and JSON say of a packet, and what becomes of it in a record. The recorded files are of one run: the same packets,
// seen by all three and by the kernel's own AUDIT target.

import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { addressText } from '../../../plugins/iptables/ip-address.js'
import { readJsonLine } from '../../../plugins/iptables/json-packet.js'
import { readKmsg } from '../../../plugins/iptables/kmsg-record.js'
import { readLogLine } from '../../../plugins/iptables/log-line.js'
import { readLogText } from '../../../plugins/iptables/log-text.js'
import type { Reading } from '../../../plugins/iptables/packet.js'
import { packetMessage, packetRecord, serialOf } from '../../../plugins/iptables/packet-record.js'
import { readRecord } from '../../../src/protocol/record-fields.js'
import { recordTypeNumber } from '../../../src/protocol/record-type.js'

const FIXTURES = 'test/fixtures/netfilter'
const NOW_MS = Date.parse('2026-11-22T12:00:00Z')
const TCP4 =
  'SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=1 DPT=2 WINDOW=3 RES=0x00 SYN URGP=0 '

function linesOf(name: string): string[] {
  return readFileSync(`${FIXTURES}/${name}`, 'latin1').split('\n').filter(Boolean)
}

/** Fields of a record; '' of what is no packet. */
function bodyOf(reading: Reading): string {
  if (reading.kind !== 'packet') return reading.kind === 'odd' ? `odd: ${reading.why}` : 'other'
  return packetRecord(reading.packet, 'f', 1, NOW_MS).replace(/^.*?\): /, '')
}

function withoutKeys(body: string, ...keys: readonly string[]): string {
  return body
    .split(' ')
    .filter((pair) => !keys.includes(pair.split('=')[0] ?? ''))
    .join(' ')
}

const fromKmsg = linesOf('kmsg.txt').map((line) =>
  bodyOf(readLogText(readKmsg(Buffer.from(`${line}\n`, 'latin1'))?.text ?? '')),
)
const fromLogemu = linesOf('logemu.log').map((line) =>
  bodyOf(readLogLine(Buffer.from(line, 'latin1'), 'logemu', NOW_MS)),
)
const fromJson = linesOf('ulogd.json').map((line) => bodyOf(readJsonLine(Buffer.from(line, 'latin1'))))

void test('a packet is the same record whoever has logged it', (t) => {
  t.same(
    fromJson.map((body) => withoutKeys(body, 'hook')),
    fromLogemu,
    'JSON has the hook besides',
  )
  const same = (body: string): string => withoutKeys(body, 'prefix')
  const seenByLog = fromKmsg.filter((body) => body.includes('prefix=66772D')).map(same)
  t.same(fromLogemu.map(same), seenByLog.slice(0, fromLogemu.length))
  t.equal(fromLogemu.length, 12)
  t.end()
})

void test('a record begins with what the AUDIT target of the kernel has written for the packet', (t) => {
  const theirs = linesOf('audit-target.log').map((line) => line.replace(/^.*?\): /, ''))
  const ours = fromKmsg.filter((body) => body.includes('prefix=66772D'))
  t.equal(ours.length, theirs.length)
  for (const [at, body] of ours.entries()) t.ok(body.startsWith(`${theirs[at]} `), `${theirs[at]} begins ${body}`)
  t.end()
})

void test('a record is one for every reader', (t) => {
  const [reading] = linesOf('ulogd.json').map((line) => readJsonLine(Buffer.from(line)))
  if (reading?.kind !== 'packet') throw new Error('no packet')
  const record = readRecord(Buffer.from(packetRecord(reading.packet, 'json /f', 7, 0)))
  t.equal(record?.typeName, 'NETFILTER_PKT')
  t.equal(record?.type, recordTypeNumber('NETFILTER_PKT'))
  t.equal(record?.timeMs, reading.packet.timeMs === undefined ? NaN : Math.floor(reading.packet.timeMs))
  t.equal(record?.serial, serialOf('json /f', 7))
  t.equal(record?.get('dport'), '5353')
  t.equal(record?.get('in'), 'lo')
  t.equal(record?.text('prefix'), 'nf-udp in')
  t.end()
})

void test('text of the LOG target, field by field', (t) => {
  const said: readonly (readonly [text: string, fields: string])[] = [
    [`IN=eth0 OUT= ${TCP4}`, 'in="eth0"'],
    [
      `a b: IN=eth0 OUT=eth1 PHYSIN=p0 PHYSOUT=p1 ${TCP4}MARK=0xff `,
      'mark=0xff prefix=6120623A in="eth0" out="eth1" physin="p0" physout="p1"',
    ],
    [`x"IN= OUT=e ${TCP4}`, 'prefix=7822 out="e"'],
    [`it's IN= OUT=e ${TCP4}`, 'prefix=69742773 out="e"'],
    [`gr\xfc\xdf IN= OUT=e ${TCP4}`, 'prefix=6772FCDF out="e"'],
    [
      `p IN= OUT=e MAC=01:02:03:04:05:06:0A:0b:0c:0d:0e:0f:08:00 ${TCP4}`,
      'smac=0a:0b:0c:0d:0e:0f dmac=01:02:03:04:05:06 macproto=0x0800 prefix="p" out="e"',
    ],
    [
      `p IN= OUT=e MACSRC=0a:0b:0c:0d:0e:0f MACDST=01:02:03:04:05:06 MACPROTO=0800 ${TCP4}`,
      'smac=0a:0b:0c:0d:0e:0f dmac=01:02:03:04:05:06 macproto=0x0800 prefix="p" out="e"',
    ],
    [`p IN= OUT=e MAC=45:00 ${TCP4}`, 'prefix="p" out="e"'],
  ]
  for (const [text, fields] of said) {
    const rest = withoutKeys(
      bodyOf(readLogText(text)),
      'saddr',
      'daddr',
      'proto',
      'sport',
      'dport',
      'len',
      'ipid',
      'tos',
      'ttl',
      'tcpflags',
      'window',
    )
    t.equal(rest.replace(/^mark=0x0 /, ''), fields, text)
  }
  t.end()
})

void test('protocols of the LOG target', (t) => {
  const ip = 'p IN=e OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=9 TOS=0x08 PREC=0xC0 TTL=1 ID=2'
  const said: readonly (readonly [text: string, fields: string])[] = [
    [`${ip} PROTO=UDP SPT=53 DPT=54 LEN=12 `, 'proto=17 sport=53 dport=54 len=9'],
    [`${ip} PROTO=UDPLITE SPT=53 DPT=54 LEN=12 `, 'proto=136 sport=53 dport=54 len=9'],
    [`${ip} PROTO=TCP INCOMPLETE [4 bytes] `, 'proto=6 truncated=1 len=9'],
    [`${ip} DF MF FRAG:185 PROTO=UDP `, 'proto=17 frag=1 len=9'],
    [`${ip} PROTO=ESP SPI=0xabc `, 'proto=50 len=9 spi=0xabc'],
    [`${ip} PROTO=AH INCOMPLETE [0 bytes] `, 'proto=51 truncated=1 len=9'],
    [`${ip} PROTO=2 `, 'proto=2 len=9'],
    [
      `${ip} PROTO=ICMP TYPE=3 CODE=4 [SRC=192.0.2.9 DST=192.0.2.8 LEN=1500 PROTO=TCP SPT=7 DPT=8 ] MTU=1400 MARK=0x5 `,
      'mark=0x5 proto=1 icmptype=3 icmpcode=4 len=9',
    ],
    [`${ip} PROTO=ICMP TYPE=8 CODE=0 ID=77 SEQ=5 `, 'proto=1 icmptype=8 icmpcode=0 len=9 icmpid=77 icmpseq=5'],
    [
      `${ip} PROTO=TCP SPT=1 DPT=2 SEQ=4294967295 ACK=5 WINDOW=6 RES=0x00 CWR ECE URG ACK PSH RST SYN FIN URGP=0 OPT (0204) UID=1000 GID=100 `,
      'proto=6 sport=1 dport=2 len=9 tcpflags=CWR,ECE,URG,ACK,PSH,RST,SYN,FIN seq=4294967295 ack=5 window=6 uid=1000 gid=100',
    ],
  ]
  for (const [text, fields] of said) {
    const rest = withoutKeys(bodyOf(readLogText(text)), 'saddr', 'daddr', 'prefix', 'in', 'ipid', 'ttl', 'tos')
    t.equal(rest.replace(/^mark=0x0 /, ''), fields, text)
  }
  t.match(bodyOf(readLogText(`${ip} PROTO=2 `)), /ipid=2 .* tos=0xc8 ttl=1$/)
  t.end()
})

void test('what cannot be a packet is told from what is something else', (t) => {
  const said: readonly (readonly [text: string, outcome: string | RegExp])[] = [
    ['eth0: link is up', 'other'],
    ['IN=aninterfacewithalongname OUT= SRC=192.0.2.1', 'other'],
    [`${'x'.repeat(129)}IN=e OUT= ${TCP4}`, 'other'],
    ['audit: type=1324 audit(1.000:1): mark=0x0', 'other'],
    ['p IN=lo OUT=', /address/],
    ['p IN=lo OUT= MAC=00:00', /address/],
    [`p IN=lo OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60`, /protocol/],
    [`p IN=lo OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 PROTO=TCP SPT=1`, /port/],
    [`p IN=lo OUT= ${TCP4.replace('SPT=1', 'SPT=65536')}`, /SPT/],
    [`p IN=lo OUT= ${TCP4.replace('SPT=1', 'SPT=-1')}`, /SPT/],
    [`p IN=lo OUT= ${TCP4.replace('192.0.2.1', '192.0.2.256')}`, /SRC/],
    [`p IN=lo OUT= ${TCP4.replace('PROTO=TCP', 'PROTO=toString')}`, /PROTO/],
    [`p IN=lo OUT= ${TCP4.replace('TOS=0x00', 'TOS=0xzz')}`, /TOS/],
    [`p IN=lo OUT= MAC=00:zz ${TCP4}`, /MAC/],
    [`p IN=lo OUT= ${TCP4}MARK=0x123456789 `, /MARK/],
  ]
  for (const [text, outcome] of said) t.match(bodyOf(readLogText(text)), outcome, text)
  t.end()
})

void test('lines of a log file', (t) => {
  const at = (line: string, format: 'syslog' | 'logemu' = 'syslog', nowMs = NOW_MS): Reading =>
    readLogLine(Buffer.from(line, 'latin1'), format, nowMs)
  const timeOf = (reading: Reading): number | undefined => (reading.kind === 'packet' ? reading.packet.timeMs : NaN)
  const text = `fw: IN=lo OUT= ${TCP4}`
  const local = (year: number, month: number, day: number): number => new Date(year, month, day, 7, 10, 32).getTime()
  t.equal(timeOf(at(`Nov 22 07:10:32 vm kernel: [36706.628354] ${text}`)), local(2026, 10, 22))
  t.equal(timeOf(at(`Nov  2 07:10:32 vm kernel: ${text}`)), local(2026, 10, 2))
  t.equal(timeOf(at(`Dec 31 07:10:32 vm kernel: ${text}`)), local(2025, 11, 31), 'of last year')
  t.equal(timeOf(at(`Nov 22 07:10:32 vm ulogd[12]: ${text}`)), local(2026, 10, 22))
  t.equal(
    timeOf(at(`2026-11-22T07:10:32.628354+01:00 vm kernel: [    1.000000] ${text}`)),
    Date.parse('2026-11-22T06:10:32.628Z'),
  )
  t.equal(timeOf(at(`2026-11-22T07:10:32+0100 vm kernel: ${text}`)), Date.parse('2026-11-22T06:10:32Z'))
  t.equal(timeOf(at(`Nov 22 07:10:32 vm ${text}`, 'logemu')), local(2026, 10, 22))
  t.equal(timeOf(at(`Abc 22 07:10:32 vm ${text}`, 'logemu')), undefined, 'a time that is none')
  for (const other of [`Nov 22 07:10:32 vm sshd[1]: ${text}`, `Nov 22 07:10:32 vm ${text}`, text, '', ' OUT=']) {
    t.equal(at(other).kind, 'other', other)
  }
  t.end()
})

void test('lines of ulogd2 as JSON', (t) => {
  const json = (changes: Readonly<Record<string, unknown>>): string => {
    const packet = { 'oob.family': 2, src_ip: '192.0.2.1', dest_ip: '192.0.2.2', 'ip.protocol': 2 }
    return bodyOf(readJsonLine(Buffer.from(JSON.stringify({ ...packet, ...changes }))))
  }
  const plain = 'mark=0x0 saddr=192.0.2.1 daddr=192.0.2.2 proto=2'
  t.equal(json({}), plain)
  t.equal(json({ 'oob.prefix': 'gr\u00fcn ', 'oob.in': 'e0', 'oob.out': '' }), `${plain} prefix=6772C3BC6E in="e0"`)
  t.equal(json({ 'oob.mark': 4294967295, 'ip.fragoff': 0x4000 }), plain.replace('0x0', '0xffffffff'))
  t.equal(json({ 'ip.fragoff': 0x2001, 'ip.protocol': 17 }), `${plain.replace('proto=2', 'proto=17')} frag=1`)
  t.equal(json({ 'tcp.syn': 1, 'tcp.ack': 1, 'tcp.fin': 0 }), `${plain} tcpflags=ACK,SYN`)
  t.equal(json({ 'oob.mark': null }), plain)
  for (const [key, value] of Object.entries({
    src_ip: 'localhost',
    dest_ip: 7,
    src_port: 65536,
    'ip.ttl': '64',
    'oob.mark': -1,
    'oob.in': 'x'.repeat(16),
    'oob.prefix': ['p'],
    'mac.str': 'zz',
    'ip.id': 1.5,
  })) {
    t.match(json({ [key]: value }), `odd: ${key} is`, key)
  }
  for (const line of ['', '{', '[]', 'null', '7', '{"src_ip":"192.0.2.1"}']) {
    t.equal(readJsonLine(Buffer.from(line)).kind, 'odd', line)
  }
  t.equal(readJsonLine(Buffer.from('{"nfacct.pkts": 7}')).kind, 'other')
  const timeOf = (changes: object): unknown => {
    const packet = { src_ip: '192.0.2.1', dest_ip: '192.0.2.2', 'ip.protocol': 2, ...changes }
    const reading = readJsonLine(Buffer.from(JSON.stringify(packet)))
    return reading.kind === 'packet' ? reading.packet.timeMs : reading.kind
  }
  t.equal(timeOf({ 'oob.time.sec': 1795331432, 'oob.time.usec': 793670, timestamp: 'x' }), 1795331432793)
  t.equal(timeOf({ timestamp: '2026-11-22T07:10:32.793670+0100' }), Date.parse('2026-11-22T06:10:32.793Z'))
  t.equal(timeOf({ timestamp: '2026-11-22T07:10:32.793670' }), new Date(2026, 10, 22, 7, 10, 32, 793).getTime())
  t.equal(timeOf({}), undefined)
  t.end()
})

void test('records of the kernel buffer', (t) => {
  const read = (text: string): unknown => readKmsg(Buffer.from(text, 'latin1'))
  t.same(read('4,1893,36706628776,-;a\\x20b\\x5c\\xe4 c\n SUBSYSTEM=net\n DEVICE=n2\n'), {
    sequence: 1893,
    sinceBootUs: 36706628776,
    isKernels: true,
    text: 'a b\\\xe4 c',
  })
  t.match(read('12,1,2,-,caller=T1;fake\n'), { isKernels: false, text: 'fake' })
  for (const wrong of ['', 'x', '4,1,2;x', ';', '4,1,2,-']) t.equal(read(wrong), undefined, wrong)
  t.end()
})

void test('an address is written as the kernel does', (t) => {
  for (const [given, written] of [
    ['192.0.2.1', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:0000:0000:0001', '::1'],
    ['::', '::'],
    ['ff02:0000:0000:0000:0000:0001:ffe9:64f9', 'ff02::1:ffe9:64f9'],
    ['2001:0db8:0000:0001:0001:0001:0001:0001', '2001:db8:0:1:1:1:1:1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['0001:0002:0003:0004:0005:0006:0000:0000', '1:2:3:4:5:6::'],
    ['FE80::ABCD', 'fe80::abcd'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201', '::ffff:192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['fe80:0000:0000:0000:0200:5efe:c000:0201', 'fe80::200:5efe:192.0.2.1'],
    ['fe80::1%eth0', undefined],
    ['1.2.3', undefined],
    ['', undefined],
    ['::1::', undefined],
  ]) {
    t.equal(addressText(given ?? ''), written, String(given))
  }
  t.end()
})

void test('serials lie above those of the kernel and tell lines and sources apart', (t) => {
  const serials = [0, 1, 2, 2 ** 31, 2 ** 52].map((position) => serialOf('kmsg /dev/kmsg', position))
  t.ok(serials.every((serial) => serial >= 2 ** 31 && serial < 2 ** 32))
  t.equal(serials[3], serials[0], 'begins anew after 2^31')
  t.equal((serials[1] ?? 0) - (serials[0] ?? 0), 1)
  t.not(serialOf('syslog /var/log/kern.log', 1), serialOf('logemu /var/log/kern.log', 1))
  t.end()
})

void test('a message for the kernel has the packet and its time, and what was held back', (t) => {
  const [reading] = linesOf('ulogd.json').map((line) => readJsonLine(Buffer.from(line)))
  if (reading?.kind !== 'packet') throw new Error('no packet')
  t.match(
    packetMessage(reading.packet, 0, 3),
    /^netfilter-packet when=1795332395\.405 mark=0x2a saddr=127\.0\.0\.1 .* held=3$/,
  )
  t.match(packetMessage({ ...reading.packet, timeMs: undefined }, 5001.7), / when=5\.001 /)
  t.end()
})
