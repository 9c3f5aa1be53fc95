// What systemd makes of auditd's children, which is what audispd is, and of audit records that it reads itself.
import { resolveInside } from '../rooted-path.js'
import { ok, quoted, skip, warn, type Check, type Finding } from './check.js'
import { isThere, runFirst, textOf } from './looking.js'
import type { Survey } from './survey.js'
import type { World } from './world.js'

const SYSTEMCTL = ['/usr/bin/systemctl', '/bin/systemctl']
const PROPERTIES = [
  'MemoryDenyWriteExecute',
  'PrivateNetwork',
  'ProtectSystem',
  'RestrictAddressFamilies',
  'SystemCallFilter',
  'LoadState',
]
/** NETLINK_AUDIT in /proc/net/netlink, and the only group that it has. */
const AUDIT_PROTOCOL = '9'
const MAX_COMM = 15
const JOURNALD = 'systemd-journald'
const NET_PLUGINS = new Set(['remote-send', 'remote-recv', 'syslog'])

export const UNIT_CHECKS: readonly Check[] = [
  { id: 'auditd.memory-deny-write-execute', layer: 'auditd', run: memoryDenyWriteExecute },
  { id: 'auditd.hardening', layer: 'auditd', run: hardening },
  { id: 'system.journald', layer: 'system', run: journald },
]

/** undefined: systemd does not run here, or auditd is none of its units. */
async function unitOf(world: World): Promise<ReadonlyMap<string, string> | undefined> {
  if (!(await isThere(world.files, '/run/systemd/system'))) return undefined
  const ran = await runFirst(world, SYSTEMCTL, ['show', 'auditd.service', `--property=${PROPERTIES.join(',')}`])
  if (ran.kind !== 'ended' || ran.status !== 0) return undefined
  const found = new Map(ran.out.split('\n').map((line) => splitAt(line, line.indexOf('='))))
  return found.get('LoadState') === 'loaded' ? found : undefined
}

function splitAt(line: string, at: number): [string, string] {
  return [line.slice(0, at), line.slice(at + 1)]
}

/** Node's compiler cannot work under it: the launcher leaves it out where auditd is the parent, or where it is told to. */
async function memoryDenyWriteExecute({ world, auditd }: Survey): Promise<readonly Finding[]> {
  const starter = (await auditd()).ours.find(({ active }) => active)
  if (starter === undefined) return []
  const unit = await unitOf(world)
  if (unit === undefined) return [skip('systemd does not start auditd here')]
  if (unit.get('MemoryDenyWriteExecute') !== 'yes') return [ok('the unit lets programs compile')]
  if (starter.args.includes('--jitless') || (await isLauncher(world, starter.program))) {
    return [ok('MemoryDenyWriteExecute, and audispd runs without its compiler')]
  }
  const what = `${starter.file}: auditd's unit has MemoryDenyWriteExecute, and without --jitless ${starter.program} aborts there unless it is audispd's own launcher`
  return [warn(what, 'audispctl install --force && service auditd restart')]
}

/** The launcher that came with this audispctl, by whatever name. */
async function isLauncher({ files, asked }: World, program: string): Promise<boolean> {
  if (program === asked.launcher) return true
  try {
    const [real, ours] = await Promise.all([program, asked.launcher].map((path) => resolveInside(files, '/', path)))
    return real === ours
  } catch {
    // ENOENT: what leads nowhere is told of by another check.
    return false
  }
}

/** What a unit denies that plugins need. Debian's and Fedora's own units deny none of it. */
async function hardening({ world, auditd, configuration }: Survey): Promise<readonly Finding[]> {
  if (!(await auditd()).ours.some(({ active }) => active)) return []
  const unit = await unitOf(world)
  if (unit === undefined) return []
  const { shipped } = await configuration()
  const wrong: Finding[] = []
  const net = shipped.find(({ kind }) => NET_PLUGINS.has(kind))
  const families = unit.get('RestrictAddressFamilies') ?? ''
  const hasNet =
    unit.get('PrivateNetwork') !== 'yes' &&
    (families === '' || /\bAF_INET\b/.test(families) !== families.startsWith('~'))
  if (net !== undefined && !hasNet) {
    wrong.push(
      warn(`auditd's unit keeps ${net.name} off the network`, dropIn('PrivateNetwork=no', 'RestrictAddressFamilies=')),
    )
  }
  const writer = shipped.find(({ kind }) => kind === 'remote-send' || kind === 'remote-recv')
  if (writer !== undefined && unit.get('ProtectSystem') === 'strict') {
    const dir = writer.keys.get('spool_dir') ?? writer.keys.get('journal_dir') ?? '/var/spool/audispd /var/lib/audispd'
    wrong.push(
      warn(
        `auditd's unit has ProtectSystem=strict: ${writer.name} cannot write its records`,
        dropIn(`ReadWritePaths=${dir}`),
      ),
    )
  }
  return wrong
}

function dropIn(...lines: readonly string[]): string {
  const words = ['[Service]', ...lines].map(quoted).join(' ')
  const file = '/etc/systemd/system/auditd.service.d/audispd.conf'
  return `mkdir -p ${file.slice(0, file.lastIndexOf('/'))} && printf '%s\\n' ${words} > ${file} && systemctl daemon-reload && service auditd restart`
}

/** The kernel gives each record to everybody who has joined its group; journald writes all of them into the journal. */
async function journald({ world }: Survey): Promise<readonly Finding[]> {
  const table = await textOf(world.files, '/proc/net/netlink')
  if (table === undefined) return [skip('/proc/net/netlink cannot be read')]
  const pids = table.split('\n').flatMap((line) => {
    const [, protocol, pid = '0', groups = '0'] = line.trim().split(/\s+/)
    return protocol === AUDIT_PROTOCOL && Number.parseInt(groups, 16) !== 0 ? [pid] : []
  })
  for (const pid of pids) {
    const name = ((await textOf(world.files, `/proc/${pid}/comm`)) ?? '').trim()
    if (name !== JOURNALD.slice(0, MAX_COMM)) continue
    const what = `journald copies audit a second time: each record takes room in the journal too, and whoever may read that sees it`
    const units = 'systemd-journald-audit.socket'
    return [warn(what, `systemctl mask --now ${units} && systemctl restart systemd-journald`)]
  }
  return [ok('journald does not copy audit')]
}
