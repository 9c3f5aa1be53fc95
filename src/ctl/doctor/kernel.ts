// The kernel's side: whether records are made at all, whether somebody takes them, and whether some were lost on the way.
import { fail, ok, orOk, skip, warn, type Check, type Finding } from './check.js'
import { AUDITCTL, type KernelState } from './kernel-facts.js'
import { runFirst, textOf } from './looking.js'
import type { Survey } from './survey.js'

/** What Debian's and Fedora's own rules set; the kernel's default, 64, is full within milliseconds. */
const GOOD_BACKLOG = 8192
const SMALL_BACKLOG = 1024
const NEAR = 0.8

export const KERNEL_CHECKS: readonly Check[] = [
  { id: 'kernel.boot', layer: 'kernel', run: bootLine },
  { id: 'kernel.enabled', layer: 'kernel', run: byState(enabled) },
  { id: 'kernel.auditd', layer: 'kernel', run: registered },
  { id: 'kernel.lost', layer: 'kernel', run: byState(lost) },
  { id: 'kernel.backlog', layer: 'kernel', run: byState(backlog) },
  { id: 'kernel.failure', layer: 'kernel', run: byState(failureMode) },
  { id: 'kernel.rate', layer: 'kernel', run: byState(rate) },
  { id: 'kernel.rules', layer: 'kernel', run: rules },
]

async function bootLine({ world, kernel }: Survey): Promise<readonly Finding[]> {
  const line = (await textOf(world.files, '/proc/cmdline')) ?? ''
  // The last one counts.
  const setting = [...line.matchAll(/(?:^|\s)audit=(\S+)/g)].at(-1)?.[1]
  const found: Finding[] = []
  if (setting === '0' || setting === 'off') {
    const mend = 'take audit=0 off GRUB_CMDLINE_LINUX in /etc/default/grub, then: update-grub, and a reboot'
    found.push(fail(`the kernel was booted with audit=${setting}`, mend))
  }
  const answer = await kernel()
  if (answer.kind === 'no-audit') {
    const mend = 'boot a kernel with CONFIG_AUDIT=y: grep CONFIG_AUDIT /boot/config-$(uname -r)'
    found.push(fail('this kernel has no audit', mend))
  }
  if (answer.kind === 'late')
    found.push(fail('auditctl -s does not end: the kernel does not answer', 'dmesg | grep audit'))
  if (answer.kind === 'unseen') found.push(skip(answer.why))
  return found
}

/** What cannot be looked at is told once, by the first check. */
function byState(look: (state: KernelState) => readonly Finding[]): Check['run'] {
  return async ({ kernel }) => {
    const answer = await kernel()
    return answer.kind === 'state' ? look(answer.state) : []
  }
}

function enabled(state: KernelState): readonly Finding[] {
  if (state.enabled === 0) return [fail('audit is off in the kernel: no rule makes a record', 'auditctl -e 1')]
  return [ok(state.enabled === 2 ? 'audit is on, and locked until the next boot' : 'audit is on')]
}

async function registered({ kernel, processes }: Survey): Promise<readonly Finding[]> {
  const answer = await kernel()
  if (answer.kind !== 'state') return []
  const { pid } = answer.state
  if (pid === 0) {
    return [fail('no auditd is registered with the kernel: records go to its log alone', 'service auditd start')]
  }
  const isAuditd = (await processes()).some((process) => process.name === 'auditd' && process.pid === pid)
  if (isAuditd) return [ok(`auditd, pid ${pid}, takes the records`)]
  const mend = `ps -fp ${pid}; stop it, then: service auditd start`
  return [warn(`process ${pid} takes the kernel's records, and is no auditd`, mend)]
}

function lost({ lost: count, backlogLimit }: KernelState): readonly Finding[] {
  if (count === 0) return [ok('0 lost')]
  const limit = Math.max(GOOD_BACKLOG, 2 * backlogLimit)
  const what = `the kernel has lost ${count} records before auditd could take them`
  return [warn(what, `auditctl -b ${limit} && auditctl --reset-lost`)]
}

function backlog({ backlog: waiting, backlogLimit }: KernelState): readonly Finding[] {
  const wider = `auditctl -b ${Math.max(GOOD_BACKLOG, 2 * backlogLimit)}`
  const shown = `backlog ${waiting} of ${backlogLimit === 0 ? 'any' : backlogLimit}`
  if (backlogLimit === 0) return [ok(shown)]
  if (waiting >= backlogLimit) return [fail(`${shown}: it is full, and records are lost`, wider)]
  if (waiting >= NEAR * backlogLimit) return [warn(`${shown}: it is nearly full`, wider)]
  if (backlogLimit < SMALL_BACKLOG) {
    return [warn(`backlog_limit ${backlogLimit} is small: a burst of records overflows it`, wider)]
  }
  return [ok(shown)]
}

function failureMode({ failure }: KernelState): readonly Finding[] {
  if (failure === 0) return [warn('failure mode 0: what the kernel loses is told nowhere', 'auditctl -f 1')]
  return [ok(failure === 2 ? 'failure mode 2: the kernel panics over a lost record' : 'losses are logged')]
}

function rate({ rateLimit }: KernelState): readonly Finding[] {
  if (rateLimit === 0) return []
  return [warn(`the kernel drops what goes beyond ${rateLimit} records a second`, 'auditctl -r 0')]
}

async function rules({ world, kernel }: Survey): Promise<readonly Finding[]> {
  if ((await kernel()).kind !== 'state') return []
  const ran = await runFirst(world, AUDITCTL, ['-l'])
  if (ran.kind !== 'ended' || ran.status !== 0) return [skip('auditctl -l does not tell the rules')]
  const lines = ran.out.split('\n').filter((line) => line.startsWith('-'))
  if (lines.length === 0) {
    const mend = 'put rules into /etc/audit/rules.d (see audit.rules(7)), then: augenrules --load'
    return [warn('no rule is loaded: only what programs report is recorded', mend)]
  }
  const wrong = lines
    .filter((line) => /^-a (?:never,task|task,never)\s*$/.test(line))
    .map((line) => warn(`the rule ${line} keeps every rule for system calls from working`, `auditctl -d never,task`))
  return orOk(wrong, `${lines.length} ${lines.length === 1 ? 'rule' : 'rules'}`)
}
