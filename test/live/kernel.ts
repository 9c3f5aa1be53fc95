// The kernel's side of audit, as auditctl tells and sets it.

import { spawnSync } from 'node:child_process'
import { nameOf } from './processes.js'

/** auditd, auditctl and ausearch lie in sbin, which is not in everybody's PATH. */
export const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

export interface KernelState {
  readonly enabled: number
  /** Of the auditd that holds the kernel; 0 is none. */
  readonly pid: number
  readonly backlogLimit: number
  readonly lost: number
}

export function kernelState(): KernelState {
  const text = auditctl('-s')
  const of = (name: string): number => Number(new RegExp(`^${name} ([0-9]+)`, 'm').exec(text)?.[1] ?? 0)
  return { enabled: of('enabled'), pid: of('pid'), backlogLimit: of('backlog_limit'), lost: of('lost') }
}

export function auditctl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('auditctl', args, { env: ENVIRONMENT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`auditctl ${args.join(' ')}: exit status ${status}: ${stdout}${stderr}`)
  return stdout
}

/** Why no auditd can be run here; empty when one can. */
export function whyNoAuditd(): string {
  if (process.getuid?.() !== 0) return 'only root can run auditd'
  const missing = missingPrograms('auditd', 'auditctl', 'perl', 'timeout')
  if (missing !== '') return missing
  try {
    const { pid, enabled } = kernelState()
    if (pid !== 0 && nameOf(pid) !== '') return `process ${pid} (${nameOf(pid)}) holds the kernel's audit`
    if (enabled === 2) return "the kernel's audit settings are locked until the next boot"
    if (!auditctl('-l').startsWith('No rules')) return 'the kernel has audit rules already, which would be lost'
  } catch (error) {
    return `no audit in this kernel: ${error instanceof Error ? error.message : String(error)}`
  }
  return ''
}

/** Which of these programs are not installed, as a reason; empty when all are. */
export function missingPrograms(...names: string[]): string {
  const missing = names.filter(
    (name) => spawnSync('/bin/sh', ['-c', 'command -v "$0"', name], { env: ENVIRONMENT }).status !== 0,
  )
  return missing.length === 0 ? '' : `not installed: ${missing.join(', ')} (scripts/install-peers.sh)`
}

/** Why no mount namespace of our own can be had; empty when it can. */
export function whyNoNamespace(): string {
  if (process.getuid?.() !== 0) return 'only root can make a mount namespace'
  const tried = spawnSync('unshare', ['-m', 'true'], { env: ENVIRONMENT, encoding: 'utf8' })
  return tried.status === 0 ? '' : `no mount namespace to be had: ${tried.stderr?.trim() ?? 'no unshare'}`
}
