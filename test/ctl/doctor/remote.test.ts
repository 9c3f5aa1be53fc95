import { test } from 'tap'
import { REMOTE_CHECKS } from '../../../src/ctl/doctor/remote.js'
import {
  CHECKED,
  checkReport,
  complaints,
  dropIn,
  eachIsNamed,
  findings,
  NOW_MS,
  remoteStatus,
  STREAM_DIR,
} from './patient.js'

const STATUS = `${STREAM_DIR}/status.json`

function stream(fields: object, program: object = {}) {
  return { files: { [STATUS]: remoteStatus(fields, program) } }
}

void test('each fault on the way is named', async (t) => {
  const tally = { entries: 1, records: 20 }
  await eachIsNamed(t, REMOTE_CHECKS, [
    [
      'down',
      stream({ state: 'down', lagRecords: 7, lagMs: 90_000, lastError: 'ECONN\u001bREFUSED' }),
      /^fail remote\.state: .*it is down; 7 records wait, the oldest for 1m 30s: ECONN\\x1bREFUSED -> audispctl remote status/,
    ],
    ['down just now', stream({ state: 'opening', sinceMs: NOW_MS - 1000 }), /^warn remote\.state: .*it is opening/],
    ['slow', stream({ lagRecords: 1, lagMs: 400_000 }), /^warn remote\.state: .*lags behind/],
    ['losses', stream({ losses: tally }), /^warn remote\.state: .*20 records were lost.* -> audispctl remote verify /],
    ['holes', stream({ holes: tally }), /^warn remote\.state: .*20 records are missing/],
    ['forks', stream({ forks: 1 }), /^warn remote\.state: .*parted/],
    ['disk', stream({}, { disk: 'full' }), /^fail remote\.state: .*is full/],
    ['nearly', stream({}, { disk: 'low' }), /^warn remote\.state: .*is low/],
    [
      'silent',
      stream({}, { writtenMs: NOW_MS - 600_000 }),
      /^fail remote\.state: .*it hangs -> audispctl restart remote-send$/,
    ],
    ['gone', { world: { isAlive: () => Promise.resolve(false) } }, /^fail remote\.state: .*does not run/],
    ['never run', { files: { [STATUS]: null } }, /^warn remote\.state: .*has not run yet/],
    [
      'of another version',
      { files: { [STATUS]: '{"version":9}' } },
      /^warn remote\.state: .*status\.json is no status that can be read -> audispctl restart remote-send$/,
    ],
  ])
})

void test('who may not look says so, and no more', async (t) => {
  t.same(await complaints(REMOTE_CHECKS, { files: { [STATUS]: null }, world: { uid: 1000 } }), [])
})

void test('a collector with as many senders as a status lists', async (t) => {
  const one: unknown = JSON.parse(remoteStatus({ lastError: 'x'.repeat(1000) }))
  const [first] = Object(one).streams
  const many = JSON.stringify({ ...Object(one), streams: Array.from({ length: 5000 }, () => first) })
  t.same(await complaints(REMOTE_CHECKS, { files: { [STATUS]: many } }), [])
})

void test('a port that nobody listens on', async (t) => {
  const recv = dropIn('remote-recv', '/usr/sbin/audispd-remote-recv', ['/etc/audispd/remote-recv.conf'])
  const programs = { '/usr/sbin/audispd ': checkReport([recv]), '/usr/sbin/audispd --check': checkReport([recv]) }
  const listen = async (text: string) =>
    (await complaints(REMOTE_CHECKS, { programs, files: { '/etc/audispd/remote-recv.conf': text } })).filter((said) =>
      said.includes('remote.listening'),
    )
  t.match(await listen('listen = *:6514\n'), [
    /nobody listens on port 6514, which listen names -> audispctl restart remote-recv/,
  ])
  t.same(await listen('rmw_listen = 127.0.0.1:22\n'), [], 'the port in /proc/net/tcp')
  t.match(await listen('listen = 127.0.0.1:22\nrmw_listen = *\n'), [/port 60, which rmw_listen names/])
})

void test('more streams than anybody would read', async (t) => {
  const one: unknown = JSON.parse(remoteStatus({ state: 'down' }))
  const streams =
    typeof one === 'object' && one !== null && 'streams' in one && Array.isArray(one.streams) ? one.streams : []
  const many = JSON.stringify({ ...Object(one), streams: Array.from({ length: 50 }, () => streams[0]) })
  t.equal((await complaints(REMOTE_CHECKS, { files: { [STATUS]: many } })).length, 11)
})

void test('without the pair there is nothing to look at', async (t) => {
  const programs = { '/usr/sbin/audispd': checkReport(CHECKED.slice(0, 1)) }
  t.match(await findings(REMOTE_CHECKS, { programs }), [{ level: 'skip' }])
})
