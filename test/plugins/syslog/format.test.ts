import { test } from 'tap'
import { DEFAULT_CONFIG, type SyslogConfig } from '../../../plugins/syslog/config.js'
import { formatOf, type Entry, type FormatWorld, type Way } from '../../../plugins/syslog/format.js'
import { startNotice } from '../../../plugins/syslog/compat.js'

const NOW = Date.UTC(2026, 10, 22, 7, 0, 0)
const WORLD: FormatWorld = {
  nowMs: () => NOW,
  hostName: () => 'me',
  pid: 42,
  interpret: (line) => (line.includes('EOE') ? undefined : Buffer.from(`names of ${line.length}`)),
}
const RECORD = 'node=web1 type=SYSCALL msg=audit(1366512421.052:33896127): arch=c000003e a0="x"'
const HEAD = '<14>1 2013-04-21T02:47:01.052Z web1 audispd 42 SYSCALL'

function entry(text: string, seq = 7): Entry {
  return { line: Buffer.from(text, 'latin1'), seq, kind: 'record' }
}

function messages(
  text: string,
  change: Partial<SyslogConfig> = {},
  way: Way = 'network',
  maxBytes = Infinity,
): string[] {
  const format = formatOf({ ...DEFAULT_CONFIG, ...change }, way, WORLD)
  return format(entry(text), maxBytes).map((message) => message.toString('latin1'))
}

/** RFC 3164's time is local. */
function oldTime(ms: number): string {
  const [, month = '', day = '', , clock = ''] = new Date(ms).toString().split(' ')
  return `${month} ${String(Number(day)).padStart(2, ' ')} ${clock}`
}

void test('a record as a message of RFC 5424', (t) => {
  const element = '[audit@32473 node="web1" type="SYSCALL" time="1366512421.052" serial="33896127" seq="7"]'
  t.same(messages(RECORD), [`${HEAD} ${element} ${RECORD}`])
  const own = 'type=AVC msg=audit(1.000:2): denied'
  const change = { facility: 22, severityByType: [{ pattern: 'AV*', severity: 4 }], hostName: 'here', sdId: 'a@1' }
  t.same(messages(own, change), [
    `<180>1 1970-01-01T00:00:01.000Z here audispd 42 AVC [a@1 type="AVC" time="1.000" serial="2" seq="7"] ${own}`,
  ])
  t.end()
})

void test('what is no record is sent all the same, and a hostile one changes no head', (t) => {
  t.same(messages('nothing'), ['<14>1 2026-11-22T07:00:00.000Z me audispd 42 - [audit@32473 seq="7"] nothing'])
  const [hostile = ''] = messages(`node=a"]\\\x1b\xe9 type=X"]${'y'.repeat(50)} msg=audit(1.000:2): z`)
  t.match(hostile, /^<14>1 1970-01-01T00:00:01.000Z a"\]\\\?\? audispd 42 X"\]y{29} \[audit@32473 node="a\\"\\\]\\\\\?/)
  t.ok(hostile.includes(`type="X\\"\\]${'y'.repeat(50)}"`), 'the whole type')
  t.match(messages('type=A msg=audit(999999999999.000:1): x')[0] ?? '', /^<14>1 - me /, 'a time beyond the format')
  t.end()
})

void test('a record as a message of RFC 3164', (t) => {
  const time = oldTime(1_366_512_421_052)
  t.same(messages(RECORD, {}, 'local'), [`<14>${time} audispd[42]: ${RECORD}`], 'here without a host')
  t.same(messages(RECORD, { format: 'rfc3164' }), [`<14>${time} web1 audispd[42]: ${RECORD}`])
  t.same(messages(RECORD, {}, 'logger'), [`<14>${RECORD}`], 'logger makes the head')
  t.end()
})

void test('the parts of a long record have every byte of it, each within the bound', (t) => {
  const long = `${RECORD} ${'z\xff'.repeat(3000)}`
  for (const bound of [480, 600, 2048, 5999, 6000, 6200]) {
    const parts = messages(long, {}, 'network', bound)
    t.ok(parts.length > 1 ? parts.every(({ length }) => length <= bound) : bound > 6000, `${bound}: ${parts.length}`)
    const texts = parts.map((part) => part.slice(part.indexOf('"] ') + 3))
    t.equal(texts.join(''), long, 'RFC 5424')
    t.ok(parts.length === 1 || parts.every((part, index) => part.includes(`part="${index + 1}/${parts.length}"]`)))
    const old = messages(long, {}, 'local', bound)
    const mark = /^<14>.{15} audispd\[42\]: (?:\[part \d+\/\d+ audit\(1366512421\.052:33896127\) #7\] )?/
    t.equal(old.map((part) => part.replace(mark, '')).join(''), long, 'RFC 3164')
    t.ok(old.every(({ length }) => length <= bound))
  }
  t.ok(messages(long, {}, 'network', 10).length > 1, 'a bound that is less than a head brings the record on')
  t.end()
})

void test('0x1D, and EOE', (t) => {
  const enriched = 'type=A msg=audit(1.000:2): x\x1dUID="a"\x1dGID="b"'
  const text = (separator: SyslogConfig['separator']): string =>
    (messages(enriched, { separator }, 'logger')[0] ?? '').slice(4)
  t.equal(text('keep'), enriched)
  t.equal(text('blank'), enriched.replaceAll('\x1d', ' '))
  t.equal(text('strip'), 'type=A msg=audit(1.000:2): x')
  const end = 'node=n type=EOE msg=audit(1.000:2): '
  t.same(messages(end), [])
  t.equal(messages(end, { sendEoe: true }).length, 1)
  t.end()
})

void test('as audisp-syslog', (t) => {
  const compat = { compat: 'audisp-syslog' } as const
  const now = oldTime(NOW)
  t.same(messages('type=A msg=audit(1.000:2): x\x1da\x1db', compat, 'local'), [
    `<14>${now} audisp-syslog: type=A msg=audit(1.000:2): x a\x1db\n`,
  ])
  t.same(messages('a\0b', { ...compat, facility: 16 }, 'local'), [`<134>${now} audispd: a`])
  const pieces = messages('x'.repeat(8969 + 10), compat, 'local')
  t.same(
    pieces.map((piece) => piece.length - now.length - '<14> audisp-syslog: '.length),
    [8969, 11],
  )
  t.same(messages('type=A', { ...compat, interpret: true }, 'local'), [`<14>${now} audisp-syslog: names of 7`])
  t.same(messages('type=EOE', { ...compat, interpret: true }, 'local'), [])
  t.same(messages('type=A', compat, 'logger'), ['<14>type=A'], 'a line end would be another message')
  const config = { ...DEFAULT_CONFIG, ...compat, facility: 22, severity: 4 }
  const [notice] = formatOf(config, 'local', WORLD)(startNotice(config), Infinity)
  t.equal(String(notice), `<14>${now} audisp-syslog: syslog plugin initialized with facility 176 and priority 4`)
  t.end()
})
