import { CtlError, systemReason } from './ctl-error.js'
import type { Host } from './host.js'

/** Where auditd has put its pid: 2.x to 4.1.0, 4.1.x and later, and 2.x on systems where /var/run is no link. */
const PID_FILES = ['/run/auditd.pid', '/run/audit/auditd.pid', '/var/run/auditd.pid']

export type FoundAuditd =
  | { readonly kind: 'running'; readonly pid: number }
  /** `reason` says what each pid file held. */
  | { readonly kind: 'absent'; readonly reason: string }

/** Finds the running auditd; a pid file alone proves nothing, since pids are used again. */
export async function findAuditd({ files }: Pick<Host, 'files'>): Promise<FoundAuditd> {
  const seen: string[] = []
  for (const path of PID_FILES) {
    const text = await readText(files, path)
    if (text === undefined) continue
    const pid = /^\s*([1-9]\d{0,9})\s*$/.exec(text)?.[1]
    if (pid === undefined) {
      seen.push(`${path} holds no pid`)
      continue
    }
    const name = (await readText(files, `/proc/${pid}/comm`))?.trimEnd()
    if (name === 'auditd') return { kind: 'running', pid: Number(pid) }
    seen.push(`${path} names process ${pid}, which is ${name === undefined ? 'gone' : `'${name}'`}`)
  }
  return { kind: 'absent', reason: seen.length > 0 ? seen.join('; ') : `none of ${PID_FILES.join(', ')} is there` }
}

/** Sends auditd a SIGHUP, upon which it reads its configuration again. */
export async function reloadAuditd(host: Host): Promise<number> {
  const found = await findAuditd(host)
  if (found.kind === 'absent') {
    const message = `no running auditd to reload: ${found.reason}`
    throw new CtlError('system', [
      { message, mend: 'auditd reads its configuration when it starts: service auditd start' },
    ])
  }
  try {
    host.kill(found.pid, 'SIGHUP')
  } catch (error) {
    const message = `auditd (pid ${found.pid}) cannot be signalled: ${systemReason(error)}`
    throw new CtlError('system', [{ message, mend: 'run as root: service auditd reload' }], { cause: error })
  }
  return found.pid
}

async function readText(files: Host['files'], path: string): Promise<string | undefined> {
  try {
    return (await files.readFile(path)).toString()
  } catch {
    // ENOENT, or EACCES without root: either way this path tells nothing.
    return undefined
  }
}
