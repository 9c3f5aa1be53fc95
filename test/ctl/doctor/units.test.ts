import { test } from 'tap'
import { UNIT_CHECKS } from '../../../src/ctl/doctor/units.js'
import { complaints, eachIsNamed, findings, type Illness } from './patient.js'

function unit(...lines: readonly string[]): Illness {
  return { programs: { '/usr/bin/systemctl show': [...lines, 'LoadState=loaded', ''].join('\n') } }
}

void test('what systemd does to audispd is named', async (t) => {
  await eachIsNamed(t, UNIT_CHECKS, [
    [
      'no network',
      unit('PrivateNetwork=yes'),
      /^warn auditd\.hardening: .*remote-send off the network -> mkdir -p .*PrivateNetwork=no/,
    ],
    ['no addresses', unit('RestrictAddressFamilies=AF_UNIX AF_NETLINK'), /^warn auditd\.hardening: .*off the network/],
    [
      'not these addresses',
      unit('RestrictAddressFamilies=~AF_INET AF_INET6'),
      /^warn auditd\.hardening: .*off the network/,
    ],
    [
      'no disk',
      unit('ProtectSystem=strict'),
      /^warn auditd\.hardening: .*cannot write.*ReadWritePaths=\/var\/spool\/audispd/,
    ],
    [
      'a second copy',
      { files: { '/proc/net/netlink': 'sk Eth Pid Groups\n0 9 44 00000001\n', '/proc/44/comm': 'systemd-journal\n' } },
      /^warn system\.journald: .* -> systemctl mask --now systemd-journald-audit\.socket && /,
    ],
  ])
})

void test('what is no harm', async (t) => {
  t.same(await complaints(UNIT_CHECKS, unit('RestrictAddressFamilies=AF_UNIX AF_INET', 'ProtectSystem=full')), [])
  t.same(await complaints(UNIT_CHECKS, unit('RestrictAddressFamilies=~AF_PACKET')), [])
  const other = { '/proc/net/netlink': '0 9 44 00000001\n0 0 45 00000001\n', '/proc/44/comm': 'go-audit\n' }
  t.same(await complaints(UNIT_CHECKS, { files: { ...other, '/proc/45/comm': 'systemd-journal\n' } }), [])
})

void test('without systemd there is no unit', async (t) => {
  const all = await findings(UNIT_CHECKS, { files: { '/run/systemd/system/x': null } })
  t.match(all, [{ level: 'skip' }, { level: 'ok', id: 'system.journald' }])
})

void test('under MemoryDenyWriteExecute only a launcher that knows of it', async (t) => {
  const files = {
    '/etc/audit/plugins.d/audispd.conf': 'active = yes\npath = /usr/sbin/audispd\n',
    '/opt/audispd': { mode: 0o100_755 },
  }
  const elsewhere = { asked: { configDir: undefined, socket: undefined, launcher: '/opt/audispd' } }
  const said = async (illness: Illness) =>
    (await findings(UNIT_CHECKS.slice(0, 1), illness)).map(({ level, what }) => `${level} ${what}`)
  t.match(await said({}), [/^ok MemoryDenyWriteExecute/], 'it is told to')
  t.match(await said({ files }), [/^ok MemoryDenyWriteExecute/], 'the launcher looks at its parent')
  t.match(await said({ files, world: elsewhere }), [/^warn .*without --jitless \/usr\/sbin\/audispd aborts/])
  const unlike = unit('MemoryDenyWriteExecute=no')
  t.match(await said({ ...unlike, files, world: elsewhere }), [/^ok the unit lets programs compile/])
})
