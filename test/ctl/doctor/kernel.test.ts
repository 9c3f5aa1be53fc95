import { test } from 'tap'
import { KERNEL_CHECKS } from '../../../src/ctl/doctor/kernel.js'
import { complaints, eachIsNamed, failing, findings, type Illness } from './patient.js'

/** The healthy state with some fields changed. */
function state(fields: Readonly<Record<string, number>>): Illness {
  const all = { enabled: 1, failure: 1, pid: 700, rate_limit: 0, backlog_limit: 8192, lost: 0, backlog: 0, ...fields }
  const lines = Object.entries(all).map(([name, value]) => `${name} ${value}\n`)
  return { programs: { '/usr/sbin/auditctl -s': lines.join('') } }
}

void test('each fault of the kernel is named', async (t) => {
  await eachIsNamed(t, KERNEL_CHECKS, [
    ['off', state({ enabled: 0 }), /^fail kernel\.enabled: .* -> auditctl -e 1$/],
    ['nobody', state({ pid: 0 }), /^fail kernel\.auditd: no auditd is registered.* -> service auditd start$/],
    ['somebody else', state({ pid: 801 }), /^warn kernel\.auditd: process 801 takes/],
    [
      'lost',
      state({ lost: 12 }),
      /^warn kernel\.lost: .* 12 records .* -> auditctl -b 16384 && auditctl --reset-lost$/,
    ],
    ['nearly full', state({ backlog: 7000 }), /^warn kernel\.backlog: backlog 7000 of 8192: .* -> auditctl -b 16384$/],
    ['full', state({ backlog: 8193 }), /^fail kernel\.backlog: /],
    ['small', state({ backlog_limit: 64 }), /^warn kernel\.backlog: backlog_limit 64 is small.* -> auditctl -b 8192$/],
    ['silent', state({ failure: 0 }), /^warn kernel\.failure: .* -> auditctl -f 1$/],
    ['limited', state({ rate_limit: 100 }), /^warn kernel\.rate: .* 100 .* -> auditctl -r 0$/],
    ['no rules', { programs: { '/usr/sbin/auditctl -l': 'No rules\n' } }, /^warn kernel\.rules: .*augenrules --load$/],
    [
      'never,task',
      { programs: { '/usr/sbin/auditctl -l': '-a never,task\n' } },
      /^warn kernel\.rules: .* -> auditctl -d never,task$/,
    ],
    ['audit=0', { files: { '/proc/cmdline': 'quiet audit=1 audit=0\n' } }, /^fail kernel\.boot: .*audit=0/],
    [
      'no audit in the kernel',
      { programs: { '/usr/sbin/auditctl -s': failing('Error - audit support not in kernel') } },
      /^fail kernel\.boot: this kernel has no audit/,
    ],
    [
      'auditctl hangs',
      { programs: { '/usr/sbin/auditctl -s': { kind: 'late' } } },
      /^fail kernel\.boot: auditctl -s does not end/,
    ],
  ])
})

void test('the state as audit before 2.3 prints it', async (t) => {
  const line = 'AUDIT_STATUS: enabled=0 flag=1 pid=700 rate_limit=0 backlog_limit=8192 lost=3 backlog=0\n'
  const said = await complaints(KERNEL_CHECKS, { programs: { '/usr/sbin/auditctl -s': line } })
  t.match(said, [/kernel\.enabled/, /kernel\.lost: .* 3 /])
  t.equal(said.length, 2)
})

void test('what cannot be looked at is skipped, and said once', async (t) => {
  const refused = failing('You must be root to run this program.', 4)
  const all = await findings(KERNEL_CHECKS, { programs: { '/usr/sbin/auditctl -s': refused }, world: { uid: 1000 } })
  t.match(all, [{ level: 'skip', what: 'only root may ask the kernel' }])
  t.equal(all.length, 1)
  const none = await findings(KERNEL_CHECKS, {
    programs: { '/usr/sbin/auditctl -s': null, '/usr/sbin/auditctl -l': null, '/usr/sbin/auditctl -v': null },
  })
  t.match(none, [{ level: 'skip', what: 'no auditctl here' }])
})

void test('what an admin may well want is no fault', async (t) => {
  t.same(await complaints(KERNEL_CHECKS, state({ enabled: 2, failure: 2, backlog_limit: 0, backlog: 9000 })), [])
})
