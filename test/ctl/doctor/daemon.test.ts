import { test } from 'tap'
import { DAEMON_CHECKS } from '../../../src/ctl/doctor/daemon.js'
import { complaints, eachIsNamed, findings, HEALTHY, type Illness } from './patient.js'
import { PLUGIN } from '../../control/some-daemon-status.js'

const GONE = { kind: 'error', code: 'not-running', message: 'nobody answers' } as const

function plugin(fields: object): Illness {
  return { status: { plugins: [{ ...PLUGIN, name: 'mine', ...fields }] } }
}

void test('each fault of the daemon is named', async (t) => {
  await eachIsNamed(t, DAEMON_CHECKS, [
    [
      'gone',
      { answer: GONE, files: { '/proc/800/stat': null } },
      /^fail daemon\.running: audispd does not run -> service auditd restart/,
    ],
    ['no socket', { answer: GONE }, /^fail daemon\.running: audispd runs as pid 800, and nobody answers/],
    [
      'hangs',
      { answer: { kind: 'error', code: 'timeout', message: 'no answer' } },
      /^fail daemon\.running: audispd hangs/,
    ],
    [
      'strange',
      { answer: { kind: 'error', code: 'bad-answer', message: '\u001bwhat' } },
      /^fail daemon\.running: .*\\x1bwhat/,
    ],
    [
      'old',
      { status: { version: '0.0.1' } },
      /^warn daemon\.version: audispd 0\.0\.1 runs, and .* -> service auditd restart$/,
    ],
    [
      'two of them',
      {
        files: {
          '/proc/850/stat': '850 (audispd) S 1 1 1 0\n',
          '/proc/850/cmdline': 'audispd -c /etc/audispd\0',
          '/run/audispd/850.1.boot/state.json': '{}',
        },
      },
      /^fail daemon\.twice: 2 audispd run .*800 and 850.* kill -TERM 850$/,
    ],
    ['damage', { status: { input: { ...HEALTHY.input, damaged: 2 } } }, /^warn daemon\.state: the input was damaged/],
    [
      'failed',
      plugin({ state: 'failed', lastStderr: ['first', 'bad \u001b[2Jkey'] }),
      /^fail plugins\.state: mine: failed.*; it said last: bad \\x1b\[2Jkey -> .*audispctl start mine$/,
    ],
    ['stalled', plugin({ stalled: true }), /^fail plugins\.state: mine: stalled.* -> audispctl restart mine$/],
    ['losing', plugin({ flow: 'losing' }), /^fail plugins\.state: mine: losing records/],
    [
      'invalid',
      { status: { invalid: [{ name: 'x', file: '/x', problems: ['no'] }] } },
      /^fail plugins\.state: x: invalid: no/,
    ],
  ])
})

void test('others of that name are not the daemon', async (t) => {
  const files = Object.fromEntries(
    [['-c /elsewhere'], ['--check'], ['--only x'], ['in a container']].flatMap(([args], at) => [
      [`/proc/85${at}/stat`, `85${at} (audispd) S 1 1 1 0\n`],
      [`/proc/85${at}/cmdline`, `audispd ${args}\0`],
      [`/run/audispd/85${args === 'in a container' ? 'x' : at}.1.boot/state.json`, '{}'],
    ]),
  )
  t.same(await complaints(DAEMON_CHECKS, { files }), [])
})

void test('nothing starts it', async (t) => {
  const files = { '/proc/800/stat': null, '/etc/audit/plugins.d/audispd.conf': null }
  const all = await findings(DAEMON_CHECKS, { answer: GONE, files })
  t.match(all, [{ level: 'skip', what: /nothing starts it/ }, { level: 'skip' }])
  t.equal(all.length, 2)
})

void test('who may not ask', async (t) => {
  const answer = { kind: 'error', code: 'not-permitted', message: 'EACCES' } as const
  t.match(await findings(DAEMON_CHECKS, { answer }), [{ level: 'skip' }, { level: 'skip' }])
})
