// The real services on a Debian 13 that runs systemd: the collector's unit, and auditd's, which starts audispd.

import { resolve } from 'node:path'
import type { Test } from 'tap'
import { ARCHITECTURE, OUT, scene, VERSION } from './built.js'
import { Machine, noMachines } from './machine.js'

const SHOWN = { '/srv/packages': OUT, '/srv/stream': resolve('test/fixtures/auditd-stream') }
const UNIT = 'audispd-collector.service'
const RECORDS = '/var/log/audispd/audit.log'
const PROGRAM = `of() { systemctl show --value -p "$1" ${UNIT}; }; `
const DROP_INS = '/run/systemd/system'

async function machineWithPackage(t: Test): Promise<Machine> {
  const machine = await Machine.start(t, { suite: 'trixie', isBooted: true, shown: SHOWN })
  machine.ok(t, `apt-get install -y -qq -o Dpkg::Use-Pty=0 /srv/packages/audispd_${VERSION}_${ARCHITECTURE}.deb`)
  machine.ok(t, 'audispctl enable log --no-reload')
  return machine
}

scene(
  'the collector says when it is ready, reloads, and is watched',
  async (t) => {
    const machine = await machineWithPackage(t)
    t.match(machine.run(`systemctl is-enabled ${UNIT}; systemctl is-active ${UNIT}`).output, /disabled\ninactive/)
    machine.ok(
      t,
      `mkdir -p ${DROP_INS}/${UNIT}.d && printf '[Service]\\nWatchdogSec=4s\\n' >${DROP_INS}/${UNIT}.d/test.conf`,
    )
    machine.ok(t, `systemctl daemon-reload && systemctl enable --now ${UNIT}`)
    t.equal(machine.ok(t, `systemctl is-active ${UNIT}`), 'active\n', 'it has said that it is ready')
    await machine.until(`${PROGRAM} of StatusText | grep "1 of 1 plugins run"`)
    t.match(machine.ok(t, `systemctl status --no-pager ${UNIT}`), /Status: "1 of 1 plugins run/)
    machine.ok(t, `${PROGRAM} readlink /proc/$(of MainPID)/exe | grep -x /usr/lib/audispd/runtime/node`)
    machine.ok(t, 'audispctl status')

    machine.ok(t, 'audispctl enable af-unix --no-reload')
    machine.ok(t, `systemctl reload ${UNIT}`)
    await machine.until(`${PROGRAM} of StatusText | grep "2 of 2 plugins run"`)
    t.equal(machine.ok(t, `systemctl is-active ${UNIT}`), 'active\n', 'after a reload')
    machine.ok(t, 'test -S /run/audispd_events')

    machine.ok(t, `${PROGRAM} kill -STOP $(of MainPID)`)
    await machine.until(`${PROGRAM} [ $(of NRestarts) = 1 ] && systemctl is-active ${UNIT}`)
    // One that hangs is noticed.
    await machine.until(`journalctl --no-pager -u ${UNIT} | grep "Watchdog timeout"`)

    machine.ok(t, `systemctl stop ${UNIT}`)
    t.equal(machine.ok(t, `${PROGRAM} of Result`), 'success\n', 'it ends well')
    t.match(machine.ok(t, `grep -c ^type=TRUSTED_APP ${RECORDS}`), /^[2-9]|^\d\d/, 'its plugins had what it wrote')

    machine.ok(t, 'audispctl install --yes')
    t.not(machine.run(`systemctl start ${UNIT}`).status, 0, 'not beside the one that auditd starts')
    machine.ok(t, 'audispctl uninstall --yes')
    machine.ok(t, `systemctl start ${UNIT}`)
    t.match(machine.ok(t, 'apt-get purge -y -qq -o Dpkg::Use-Pty=0 audispd'), /left because/)
    t.equal(machine.run(`systemctl is-active ${UNIT}`).output, 'inactive\n', 'a purge ends it')
    t.not(machine.run('find /etc/systemd /usr/lib/systemd -name "*audispd*" | grep .').status, 0)
  },
  noMachines(),
)

scene(
  'auditd starts it in its own unit, where no memory may be written and executed',
  async (t) => {
    const machine = await machineWithPackage(t)
    // A container cannot hold the kernel's audit: what auditd has of its own to say is what there is.
    machine.ok(t, 'sed -i "s/^local_events.*/local_events = no/" /etc/audit/auditd.conf')
    machine.ok(
      t,
      `mkdir -p ${DROP_INS}/audit-rules.service.d && printf '[Service]\\nExecStart=\\nExecStart=/bin/true\\n' >${DROP_INS}/audit-rules.service.d/test.conf; systemctl daemon-reload`,
    )
    machine.ok(t, 'audispctl install --yes')
    machine.ok(t, 'systemctl restart auditd.service')
    t.equal(machine.ok(t, 'systemctl show --value -p MemoryDenyWriteExecute auditd.service'), 'yes\n')
    await machine.until(`grep ^type=DAEMON_START ${RECORDS}`)
    machine.ok(t, 'audispctl status')
    const { output } = machine.run('audispctl doctor')
    t.match(output, /started by auditd/)
    t.match(output, /MemoryDenyWriteExecute, and audispd runs without\s+its compiler/)
    machine.ok(t, 'readlink /proc/[0-9]*/exe | grep -x /usr/lib/audispd/runtime/node')
    t.match(machine.ok(t, 'apt-get remove -y -qq -o Dpkg::Use-Pty=0 audispd'), /plugins.d\/audispd.conf/)
    machine.ok(t, 'systemctl restart auditd.service && systemctl is-active auditd.service')
    t.notMatch(machine.ok(t, 'journalctl --no-pager -u auditd.service -n 5'), /audispd/, 'auditd does not miss it')
  },
  noMachines(),
)
