import { test } from 'tap'
import { COLORED, PLAIN } from '../../../src/ctl/paint.js'
import { Census } from '../../../src/ctl/top/census.js'
import { frameText, type FrameWish } from '../../../src/ctl/top/frame.js'
import { reportOf, type TopReport } from '../../../src/ctl/top/report.js'
import { PLUGIN, STATUS } from '../../control/some-daemon-status.js'

const WISH: FrameWish = { sort: 'name', table: 'key', columns: 80, rows: 23, hasKeys: true }

function report(key: string, names: readonly string[] = ['syslog', 'remote-send']): TopReport {
  const census = new Census()
  const bytes = Buffer.from(`type=USER_CMD msg=audit(1.000:7): auid=0 key="${key}"\n`)
  census.take(bytes, 0, bytes.length)
  const before = { status: STATUS, atMs: 0 }
  const plugins = names.map((name, at) => ({
    ...PLUGIN,
    name,
    queued: 10 - at,
    in: PLUGIN.in + at * 500,
    lagMs: 2 * at,
    ...(at === 1 ? { flow: 'losing' as const, droppedTotal: 41, dropped: { full: 41 } } : {}),
  }))
  return reportOf(before, { status: { ...STATUS, plugins, seq: STATUS.seq + 12_345 }, atMs: 1000 }, census, String)
}

void test('a frame', (t) => {
  const lines = frameText(report('shadow'), WISH, PLAIN)
  t.same(lines, [
    'audispd 0.1.0, pid 4000, running, up 2 min, 2026-11-21T19:11:14.099Z',
    `in 12.3k/s, 0 B/s, 13,545 records since it started, input ${STATUS.input.format}`,
    '',
    'PLUGIN       STATE     IN  OUT  QUEUED   LAG  DROPPED  DROPS  RESTARTS',
    'syslog       running  0/s  0/s      10     -        0      -         0',
    'remote-send  losing   0/s  0/s       9  2 ms       41      -         0',
    '',
    'fail  remote-send: losing records: its queue is full  (audispctl ledger remote-s',
    'warn  remote-send: 41 records dropped (full 41)  (audispctl ledger remote-send)',
    '',
    'who makes the noise (<1% of the records looked at)',
    'RECORDS  SHARE  KEY',
    '12.3k/s   100%  shadow',
    'q quit   k key   e program   a user   t type   s sort: name',
  ])
  t.end()
})

void test('whatever its size, a frame fits, and nothing of a record moves it', (t) => {
  const nasty = report(
    `\x1b[2J\u202eéЖ漢\u0301\x9b${'y'.repeat(300)}`,
    Array.from({ length: 30 }, (_, at) => `p${at}`),
  )
  for (const columns of [10, 40, 80, 200]) {
    for (const rows of [3, 8, 23, 100]) {
      const lines = frameText(nasty, { ...WISH, columns, rows }, PLAIN)
      t.ok(lines.length <= rows, `${rows} rows`)
      t.ok(
        lines.every((line) => line.length <= columns),
        `${columns} columns`,
      )
      t.match(lines.at(-1), /^q quit/)
    }
  }
  const line = frameText(nasty, { ...WISH, columns: 300, rows: 100 }, PLAIN).find((each) => each.includes('[2J'))
  t.match(line, '\\u{1b}[2J\\u{202e}éЖ\\u{6f22}\\u{301}\\u{9b}yyy')
  t.match(frameText(nasty, WISH, PLAIN).join('\n'), /\np7 .*\nand 22 more\n/, 'plugins leave room for the noise')
  t.end()
})

void test('sorted, painted, by another table', (t) => {
  const sorted = (sort: FrameWish['sort']): string =>
    frameText(report('k', ['a', 'b', 'c']), { ...WISH, sort }, PLAIN)
      .filter((line) => /^[abc] /.test(line))
      .map((line) => line[0])
      .join('')
  t.equal(sorted('name'), 'abc')
  t.equal(sorted('lag'), 'cba')
  t.equal(sorted('drops'), 'bac')
  const painted = frameText(report('k'), { ...WISH, table: 'type' }, COLORED).join('\n')
  t.match(painted, '\x1b[1;31mremote-send  losing')
  t.match(painted, '100%  USER_CMD')
  t.end()
})
