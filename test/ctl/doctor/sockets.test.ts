import { test } from 'tap'
import { SOCKET_CHECKS } from '../../../src/ctl/doctor/sockets.js'
import { eachIsNamed, findings } from './patient.js'

const CONTROL = '/run/audispd/control.sock'
const SOCKET = 0o140_000
const GONE = { kind: 'error', code: 'not-running', message: 'nobody answers' } as const

void test('each fault of a socket is named', async (t) => {
  await eachIsNamed(t, SOCKET_CHECKS, [
    ['stale', { answer: GONE }, /^warn sockets\.control: .* is stale.* -> rm \/run\/audispd\/control\.sock$/],
    ['open', { files: { [CONTROL]: { mode: SOCKET | 0o666 } } }, /^fail sockets\.control: .*0666.* -> chmod 0600 /],
    [
      'theirs',
      { files: { [CONTROL]: { mode: SOCKET | 0o600, uid: 5 } } },
      /^fail sockets\.control: .*user 5.* -> chown root:root /,
    ],
    ['no socket', { files: { [CONTROL]: 'x' } }, /^fail sockets\.control: .* is no socket/],
    [
      'none for the group',
      { files: { '/etc/audispd/audispd.conf': 'control_group = adm\n' } },
      /^warn sockets\.status: control_group = adm, and there is no \/run\/audispd\/status\.sock/,
    ],
    [
      'one for everybody',
      {
        files: {
          '/etc/audispd/audispd.conf': 'control_group = adm\n',
          '/run/audispd/status.sock': { mode: SOCKET | 0o666 },
        },
      },
      /^fail sockets\.status: .*more than adm may.* -> chmod 0660 /,
    ],
    [
      'a run directory for all',
      { files: { '/run/audispd': { mode: 0o040_777 } } },
      /^fail sockets\.run-dir: .* -> chmod go-w \/run\/audispd$/,
    ],
    ["somebody else's", { files: { '/run/audispd': { mode: 0o040_755, uid: 9 } } }, /^fail sockets\.run-dir: .*user 9/],
    [
      'no socket of af-unix',
      { files: { '/var/run/audispd_events': null } },
      /^fail sockets\.af-unix: .*there is no socket.* -> audispctl restart af-unix$/,
    ],
    ['nobody listens', { files: { '/proc/net/unix': 'Num\n' } }, /^fail sockets\.af-unix: .*nobody listens/],
    [
      'a mode that was changed',
      { files: { '/var/run/audispd_events': { mode: SOCKET | 0o666 } } },
      /^fail sockets\.af-unix: .*0666.* -> chmod 0640 \/var\/run\/audispd_events$/,
    ],
  ])
})

void test('where nothing runs there is no socket', async (t) => {
  const files = { [CONTROL]: null, '/run/audispd/800.1.boot/state.json': null }
  const all = await findings(SOCKET_CHECKS.slice(0, 2), { answer: GONE, files })
  t.match(all, [{ level: 'skip' }])
})
