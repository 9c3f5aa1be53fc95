// The life of the Debian package on a bare Debian: installed, used, upgraded while it runs, removed, purged. All that was typed, what came
// of it and how long it took is in build/packages/life-cycle.log.

import { resolve } from 'node:path'
import type { Test } from 'tap'
import { ARCHITECTURE, LATER, OUT, scene, VERSION } from './built.js'
import { Machine, noMachines } from './machine.js'

const STREAM = '/srv/stream'
const SHOWN = { '/srv/packages': OUT, [STREAM]: resolve('test/fixtures/auditd-stream') }
const PACKAGE = `/srv/packages/audispd_${VERSION}_${ARCHITECTURE}.deb`
const UPGRADE = `/srv/packages/later/audispd_${LATER}_${ARCHITECTURE}.deb`
const APT = 'apt-get -y -qq -o Dpkg::Use-Pty=0'
const INSTALL = `${APT} install`
const RECORDS = '/var/log/audispd/audit.log'
const RECORDING = `${STREAM}/v2.8.5-raw`
const RECORDS_IN_RECORDING = 2530
/** Where dpkg, apt and systemd themselves take notes, and what is gone with the next start, or with a service that runs just now. */
const NOTES = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/tmp',
  "'/var/tmp/systemd-private-*'",
  '/srv',
  '/var/lib/dpkg',
  '/var/lib/apt',
  '/var/cache',
  '/var/log/apt',
  '/var/log/journal',
  '/var/lib/systemd/timers',
]
const FILES = `find / ${NOTES.map((dir) => `-path ${dir} -prune`).join(' -o ')} -o -path '/var/log/*.log' -o -path '/etc/*-' -o -print | sort >`
const START = 'audispctl install'

scene('on a bare Debian 12', (t) => lifeCycle(t, 'bookworm', false), noMachines())
scene('on a Debian 13 that runs systemd', (t) => lifeCycle(t, 'trixie', true), noMachines())

async function lifeCycle(t: Test, suite: 'bookworm' | 'trixie', isBooted: boolean): Promise<void> {
  const machine = await Machine.start(t, { suite, isBooted, shown: SHOWN })
  t.not(machine.run('command -v node || command -v nodejs').status, 0, 'no Node here')
  machine.ok(t, `${FILES}/run/before`)
  isInstalled(t, machine)
  await carriesRecords(t, machine)
  await isUpgraded(t, machine)
  isRemovedWithCare(t, machine)
  isPurged(t, machine)
}

function isInstalled(t: Test, machine: Machine): void {
  t.match(machine.ok(t, `${INSTALL} ${PACKAGE}`), /nothing is started yet/)
  t.equal(machine.ok(t, 'audispd --version; audispctl --version'), `audispd ${VERSION}\naudispctl ${VERSION}\n`)
  t.equal(machine.ok(t, 'audispd --jitless --version 2>/dev/null'), `audispd ${VERSION}\n`, 'without the compiler')
  machine.ok(
    t,
    'for program in /usr/sbin/audispd*; do "$program" --help >/dev/null || { echo "$program"; exit 1; }; done',
  )
  machine.ok(
    t,
    `cd /usr/lib/audispd/app && ../runtime/node -e "require('unix-dgram').createSocket('unix_dgram').close()"`,
  )
  machine.ok(t, "bash -c '. /usr/share/bash-completion/completions/audispctl && complete -p audispctl'")
  t.equal(
    machine.ok(
      t,
      'stat -c "%a %U:%G %n" /etc/audispd/audispd.conf /var/lib/audispd /var/spool/audispd /var/log/audispd',
    ),
    '640 root:root /etc/audispd/audispd.conf\n700 root:root /var/lib/audispd\n700 root:root /var/spool/audispd\n750 root:root /var/log/audispd\n',
  )
  machine.ok(t, 'getent group audispd')
  machine.ok(t, 'audispctl check')
  // What it finds is that nothing runs yet.
  t.match(machine.run('audispctl doctor'), { status: 2, output: /auditd/ })
  t.match(machine.run(`${START} --dry-run`), { status: 1, output: /path = \/usr\/sbin\/audispd\n/ })
  t.not(machine.run('ls /etc/audit/plugins.d/audispd.conf').status, 0, 'nothing of auditd has changed')
}

async function carriesRecords(t: Test, machine: Machine): Promise<void> {
  machine.ok(t, 'audispctl enable log')
  machine.ok(t, `audispd <${RECORDING}.bin`)
  machine.ok(t, `[ $(grep -avc ^type=TRUSTED_APP ${RECORDS}) = ${RECORDS_IN_RECORDING} ]`)
  machine.ok(t, 'audispctl plugin new siem --lang sh --dir /root/siem && cd /root/siem && ./test.sh')
  machine.ok(t, `rm -r /root/siem ${RECORDS}`)
}

/** The daemon that runs is of the old version, and its files are of the new one; what it starts then is new. */
async function isUpgraded(t: Test, machine: Machine): Promise<void> {
  const feed = (lines: string): string => `sed -n '${lines}p' ${RECORDING}.string >/run/feed`
  const has = (count: number): Promise<void> =>
    machine.until(`[ $(grep -avc ^type=TRUSTED_APP ${RECORDS}) = ${count} ]`)
  machine.ok(
    t,
    'mkfifo /run/feed; sleep infinity 2>/dev/null >/run/feed & echo $! >/run/auditd; audispd </run/feed >/dev/null 2>/run/said & echo $! >/run/pid',
  )
  machine.ok(t, feed('1,1000'))
  await has(1000)
  machine.ok(t, 'echo "# of the administrator" >>/etc/audispd/audispd.conf')
  machine.ok(t, `${INSTALL} ${UPGRADE}`)
  t.equal(machine.ok(t, 'audispd --version'), `audispd ${LATER}\n`)
  machine.ok(t, feed('1001,1500'))
  await has(1500)
  machine.ok(t, 'kill -0 $(cat /run/pid) && readlink /proc/$(cat /run/pid)/exe | grep deleted')
  const plugin = `$(cd /proc; for pid in [0-9]*; do tr '\\0' ' ' <$pid/cmdline 2>/dev/null | grep -q plugins/log/main.j[s] && echo $pid; done)`
  const old = machine.ok(t, `echo ${plugin}`).trim()
  machine.ok(t, `kill -KILL ${old}`)
  machine.ok(t, feed(`1501,${RECORDS_IN_RECORDING}`))
  await has(RECORDS_IN_RECORDING)
  machine.ok(t, `grep -av ^type=TRUSTED_APP ${RECORDS} | cmp - ${RECORDING}.string`)
  t.notSame(machine.ok(t, `echo ${plugin}`).trim(), old, 'the plugin is another process')
  machine.ok(t, `readlink /proc/${plugin}/exe | grep -v deleted`)
  machine.run('audispctl status')
  machine.ok(t, 'audispctl reload')
  machine.ok(t, 'kill $(cat /run/auditd)')
  await machine.until('! kill -0 $(cat /run/pid)')
  machine.ok(t, 'tail -n 1 /etc/audispd/audispd.conf | grep administrator')
}

function isRemovedWithCare(t: Test, machine: Machine): void {
  machine.ok(t, `${START} --yes`)
  machine.ok(t, 'echo "# mine" >>/etc/audit/plugins.d/audispd.conf')
  t.match(machine.run(`${APT} remove audispd`), { status: 100, output: /uninstall --force/ }, 'auditd would miss it')
  machine.ok(t, 'audispd --version')
  machine.ok(t, 'audispctl uninstall --force --yes')
  machine.ok(t, `${START} --yes`)
  machine.ok(t, `${APT} remove audispd`)
  t.not(machine.run('ls /etc/audit/plugins.d/audispd.conf').status, 0, 'auditd no longer knows of it')
  t.not(machine.run('ls /usr/sbin/audispd /usr/lib/audispd').status, 0, 'the program is gone')
  machine.ok(t, 'ls /etc/audispd/audispd.conf')
  machine.ok(t, `${INSTALL} ${UPGRADE} && tail -n 1 /etc/audispd/audispd.conf | grep administrator`)
}

function isPurged(t: Test, machine: Machine): void {
  machine.ok(t, 'install -m 0600 /dev/null /etc/audispd/remote/key.pem; mkdir -p /var/lib/audispd/remote-recv')
  t.match(machine.ok(t, `${APT} purge audispd`), /left because they hold records.*: \/var\/log\/audispd\n/)
  machine.ok(t, `ls ${RECORDS}; getent group audispd`)
  // Once more, with nothing worth keeping.
  machine.ok(t, `rm ${RECORDS}*; ${INSTALL} ${PACKAGE} && ${APT} purge audispd`)
  machine.ok(t, `${FILES}/run/after; diff /run/before /run/after`)
  t.not(machine.run('getent group audispd').status, 0, 'not even the group')
}
