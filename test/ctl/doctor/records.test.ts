import { test } from 'tap'
import { RECORD_CHECKS } from '../../../src/ctl/doctor/records.js'
import { complaints, eachIsNamed, failing, findings, NOW_MS, type Illness } from './patient.js'

const NOW = (NOW_MS / 1000).toFixed(3)

function newest(record: string): Illness {
  return { programs: { '/usr/bin/tail': `type=USER msg=audit(${NOW}:6): pid=1\n${record}\n` } }
}

void test('each fault that shows in records is named', async (t) => {
  await eachIsNamed(t, RECORD_CHECKS, [
    ['an old clock', { world: { nowMs: () => 0 } }, /^fail clock\.time: the clock says 1970/],
    [
      'a clock set back',
      newest(`type=USER msg=audit(${(NOW_MS / 1000 + 3600).toFixed(3)}:7): x`),
      /^fail clock\.time: .*newest record is of 2026-11-21T20/,
    ],
    [
      'no time server',
      { programs: { '/usr/bin/timedatectl': 'no\n' } },
      /^warn clock\.synchronised: .* -> timedatectl set-ntp true$/,
    ],
    [
      'SELinux',
      newest(
        `type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=5 comm="audispd" name="x"\n` +
          `type=SYSCALL msg=audit(${NOW}:7): ppid=1 pid=5 auid=4294967295 uid=0 comm="audispd" exe="/usr/bin/node"`,
      ),
      /^fail system\.denials: SELinux has denied: avc: .* -> ausearch -m AVC -c 'audispd' --raw \| audit2allow /,
    ],
    [
      'a plugin, by its pid',
      newest(`type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=801 comm="perl" name="x"`),
      /^fail system\.denials: SELinux/,
    ],
    [
      'node in auditd’s domain',
      newest(
        `type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=5 comm="node" scontext=system_u:system_r:auditd_t:s0`,
      ),
      /^fail system\.denials: SELinux/,
    ],
    [
      'AppArmor',
      newest(
        `type=AVC msg=audit(${NOW}:7): apparmor="DENIED" operation="open" profile="audispd" name="/y" pid=5 comm="audispd-log"`,
      ),
      /^fail system\.denials: AppArmor has denied: .* -> aa-logprof$/,
    ],
    [
      'seccomp',
      newest(`type=SECCOMP msg=audit(${NOW}:7): pid=800 comm="audispd" sig=31`),
      /^fail system\.denials: a filter/,
    ],
    [
      'a crash',
      newest(
        `type=ANOM_ABEND msg=audit(${NOW}:7): auid=1000 uid=0 pid=5 comm="audispd-log" exe="/usr/sbin/audispd-log" sig=5 res=1`,
      ),
      /^fail system\.denials: .*crashed.* -> audispctl install && service auditd restart$/,
    ],
    [
      'a terminal',
      newest(
        `type=AVC msg=audit(${NOW}:7): avc: denied { x } comm="audispd$(rm)" scontext=u:r:audisp_remote_t:s0 name="\u001b[2J"`,
      ),
      /\\x1b\[2J.*-c 'audispd__rm_'/,
    ],
    [
      'in the log of the kernel, where there is no other',
      {
        programs: {
          '/usr/bin/tail': failing('No such file'),
          '/usr/bin/dmesg':
            '[1] audit: type=1400 audit(1.000:2): apparmor="DENIED" profile="/usr/sbin/audispd" comm="x"\n'
              .replace('1.000', NOW)
              .replace('"x"', '"audispd"'),
        },
      },
      /^fail system\.denials: AppArmor/,
    ],
  ])
})

void test('what is not ours, long ago, or let pass', async (t) => {
  const old = (NOW_MS / 1000 - 200_000).toFixed(3)
  for (const record of [
    `type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=5 comm="node" scontext=u:r:httpd_t:s0`,
    `type=AVC msg=audit(${NOW}:7): avc:  granted  { write } for  pid=5 comm="audispd"`,
    `type=AVC msg=audit(${NOW}:7): apparmor="ALLOWED" comm="audispd"`,
    `type=AVC msg=audit(${old}:7): avc:  denied  { write } for  pid=5 comm="audispd"`,
    `type=USER msg=audit(${NOW}:7): comm="audispd" denied`,
  ]) {
    t.same(await complaints(RECORD_CHECKS, newest(record)), [], record)
  }
})

void test('a name proves nothing: any user may choose it', async (t) => {
  const home = 'comm="audispd-x" exe="/home/u/audispd-x"'
  const call = `type=SYSCALL msg=audit(${NOW}:7): ppid=1 pid=5 auid=1000 uid=1000 comm="audispd-x" exe="/usr/bin/node"`
  for (const record of [
    `type=ANOM_ABEND msg=audit(${NOW}:7): auid=1000 uid=1000 ses=3 pid=5 ${home} sig=11 res=1`,
    `type=ANOM_ABEND msg=audit(${NOW}:7): auid=4294967295 uid=33 ses=3 pid=5 ${home} sig=11 res=1`,
    `type=ANOM_ABEND msg=audit(${NOW}:7): auid=1000 uid=1000 pid=5 comm="audispd" exe="/usr/bin/node" sig=11 res=1`,
    `type=ANOM_ABEND msg=audit(${NOW}:7): auid=1000 uid=1000 pid=5 comm="x" exe="/usr/sbin/audispd-log" sig=11 res=1`,
    `type=SECCOMP msg=audit(${NOW}:7): auid=1000 uid=1000 pid=5 ${home} sig=31`,
    `type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=5 comm="audispd-x"`,
    `type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=5 comm="audispd-x"\n${call}`,
    `type=AVC msg=audit(${NOW}:7): apparmor="DENIED" profile="firefox" pid=5 comm="audispd"`,
    `type=USER_CMD msg=audit(${NOW}:7): pid=800 msg='cmd=type=ANOM_ABEND msg=audit(${NOW}:8): pid=800 exe="/usr/sbin/audispd"'`,
  ]) {
    t.same(await complaints(RECORD_CHECKS, newest(record)), [], record)
  }
  const lives = {
    ...newest(`type=AVC msg=audit(${NOW}:7): avc:  denied  { write } for  pid=900 comm="audispd"`),
    files: { '/proc/900/stat': '900 (audispd) S 1 900 900 0\n', '/proc/900/cmdline': 'audispd\0' },
  }
  t.same(await complaints(RECORD_CHECKS, lives), [], 'nor while it runs')
})

void test('what the end of the log cuts off at its beginning is not read', async (t) => {
  const forged = `type=AVC msg=audit(${(NOW_MS / 1000 + 3600).toFixed(3)}:7): avc:  denied  { write } for  pid=800 comm="x"\n`
  const whole = `type=USER msg=audit(${NOW}:8): pid=1\n`
  const tail = (text: string): Illness => ({ programs: { '/usr/bin/tail': text } })
  const full = 1024 * 1024
  t.same(
    await complaints(RECORD_CHECKS, tail(forged + whole.padStart(full - forged.length, `${'x'.repeat(99)}\n`))),
    [],
  )
  t.equal((await complaints(RECORD_CHECKS, tail(forged + whole))).length, 2, 'a shorter log is whole')
})

void test('one denial a thousand times is one', async (t) => {
  const lines = Array.from(
    { length: 1000 },
    (_, at) => `type=AVC msg=audit(${NOW}:${at}): avc:  denied  { write } for  pid=800 comm="audispd" ino=${at}`,
  )
  t.equal((await complaints(RECORD_CHECKS, newest(lines.join('\n')))).length, 1)
})

void test('where nothing can be read', async (t) => {
  const programs = { '/usr/bin/tail': null, '/usr/bin/dmesg': failing('not permitted') }
  const all = await findings(RECORD_CHECKS, { programs })
  t.match(
    all.filter(({ id }) => id === 'system.denials'),
    [{ level: 'skip' }],
  )
})
