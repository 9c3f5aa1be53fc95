// What the newest records tell, from the end of auditd's log: whether the clock fits them, and whether programs of ours were denied something.
import { harmlessText } from '../../protocol/harmless-text.js'
import { valueOf } from './auditd-facts.js'
import { fail, ok, orOk, skip, warn, type Check, type Finding } from './check.js'
import { isThere, runFirst } from './looking.js'
import { deniedRecords, type Ours } from './denied-records.js'
import type { Survey } from './survey.js'
import type { World } from './world.js'

const TAIL = '/usr/bin/tail'
const DMESG = ['/usr/bin/dmesg', '/bin/dmesg']
const TIMEDATECTL = '/usr/bin/timedatectl'
const TAIL_BYTES = 1024 * 1024
const AUDIT_LOG = '/var/log/audit/audit.log'
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const MAX_SHOWN = 5
const MAX_CHARACTERS = 160
/** Nothing was recorded by this program before. */
const EARLIEST_MS = Date.UTC(2024, 0)
const LATEST_MS = Date.UTC(2100, 0)

export const RECORD_CHECKS: readonly Check[] = [
  { id: 'clock.time', layer: 'clock', run: time },
  { id: 'clock.synchronised', layer: 'clock', run: synchronised },
  { id: 'system.denials', layer: 'system', run: denials },
]

/** Lines from the end of auditd's log; none where it cannot be read. */
async function newestRecords({ world, auditd }: Survey): Promise<readonly string[]> {
  const log = valueOf((await auditd()).conf, 'log_file') ?? AUDIT_LOG
  const ran = await world.run(TAIL, ['-c', String(TAIL_BYTES), '--', log])
  if (ran.kind !== 'ended' || ran.status !== 0) return []
  const lines = ran.out.split('\n')
  // The first is cut: what somebody has written inside of a record may stand at its beginning.
  return Buffer.byteLength(ran.out) < TAIL_BYTES ? lines : lines.slice(1)
}

async function time(survey: Survey): Promise<readonly Finding[]> {
  const nowMs = survey.world.nowMs()
  const now = new Date(nowMs).toISOString()
  const mend = 'timedatectl set-ntp true, or: date -s TIME'
  if (nowMs < EARLIEST_MS || nowMs > LATEST_MS) return [fail(`the clock says ${now}`, mend)]
  // Not the last: after the clock was set back, that one is in order again.
  const newestMs = (await newestRecords(survey)).reduce((most, line) => Math.max(most, timeIn(line) ?? 0), 0)
  if (newestMs > nowMs + MINUTE_MS) {
    const then = new Date(Math.min(newestMs, LATEST_MS)).toISOString()
    return [
      fail(`the clock says ${now}, and the newest record is of ${then}: the clock was set back, or is wrong`, mend),
    ]
  }
  return [ok(now)]
}

function timeIn(line: string): number | undefined {
  const [, seconds, ms] = /\baudit\((\d{1,12})\.(\d{3}):\d+\)/.exec(line) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000 + Number(ms)
}

async function synchronised({ world }: Survey): Promise<readonly Finding[]> {
  if (!(await isThere(world.files, '/run/systemd/system'))) return []
  const ran = await world.run(TIMEDATECTL, ['show', '--property=NTPSynchronized', '--value'])
  if (ran.kind !== 'ended' || ran.status !== 0) return []
  if (ran.out.trim() === 'yes') return [ok('synchronised')]
  return [
    warn(
      'the clock is not synchronised: times of records on several machines cannot be compared',
      'timedatectl set-ntp true',
    ),
  ]
}

/** Denials of the last day. In the kernel's log stands what auditd was not there to take. */
async function denials(survey: Survey): Promise<readonly Finding[]> {
  const { world } = survey
  const records = await newestRecords(survey)
  const lines = records.length > 0 ? records : await kernelLog(world)
  if (lines.length === 0) return [skip("neither auditd's log nor the kernel's can be read")]
  const found = new Map<string, Finding>()
  for (const line of deniedRecords(lines, await whatIsOurs(survey))) {
    const ms = timeIn(line)
    if (ms !== undefined && ms < world.nowMs() - DAY_MS) continue
    const finding = denialIn(line)
    if (finding !== undefined) found.set(withoutNumbers(line), finding)
  }
  return orOk([...found.values()].slice(-MAX_SHOWN), 'nothing of ours was denied')
}

async function kernelLog(world: World): Promise<readonly string[]> {
  const ran = await runFirst(world, DMESG, [])
  return ran.kind === 'ended' && ran.status === 0 ? ran.out.split('\n') : []
}

async function whatIsOurs({ world, daemon, auditd, processes }: Survey): Promise<Ours> {
  const answer = await daemon()
  const plugins = answer.kind === 'status' ? answer.status.plugins : []
  const parent = (await auditd()).process?.pid
  // Any user's program may have that name, but not that parent.
  const children = (await processes()).filter(({ name, parent: of }) => name === 'audispd' && of === parent)
  const pids = [...plugins, ...children, ...(answer.kind === 'status' ? [answer.status] : [])].map(({ pid }) => pid)
  return {
    pids: new Set(pids.filter((pid) => pid !== null)),
    launcher: world.asked.launcher,
    programs: new Set(plugins.map(({ path }) => path)),
    node: world.node,
  }
}

function denialIn(line: string): Finding | undefined {
  const comm = /\bcomm="([^"]{1,15})"/.exec(line)?.[1] ?? 'audispd'
  const what = harmlessText(line.replace(/^.*?\baudit\(\S+\): ?/, ''), MAX_CHARACTERS)
  if (/\btype=(?:ANOM_ABEND|1701)\b/.test(line)) {
    const mend = 'audispctl install && service auditd restart'
    return fail(`a program of ours has crashed, perhaps as Node's compiler may not run: ${what}`, mend)
  }
  if (/\btype=(?:SECCOMP|1326)\b/.test(line)) {
    return fail(
      `a filter for system calls has stopped a program of ours: ${what}`,
      'systemctl show auditd --property=SystemCallFilter',
    )
  }
  if (line.includes('apparmor=')) {
    // Only what is denied, not what a profile in complain mode lets pass.
    return line.includes('apparmor="DENIED"') ? fail(`AppArmor has denied: ${what}`, 'aa-logprof') : undefined
  }
  if (!/\bdenied\b/.test(line)) return undefined
  const module = 'audispd-local'
  const mend = `ausearch -m AVC -c '${comm.replaceAll(/[^\w.-]/g, '_')}' --raw | audit2allow -M ${module} && semodule -i ${module}.pp`
  return fail(`SELinux has denied: ${what}`, mend)
}

/** The same denial again and again is one. */
function withoutNumbers(line: string): string {
  return line.replaceAll(/\d+/g, '0')
}
