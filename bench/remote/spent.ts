import { readFileSync } from 'node:fs'

/** As /proc counts CPU time. */
const TICK_MICROS = 10_000

/** User and system time of a process, all threads; 0 if it has gone. */
export function cpuMicrosOf(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MICROS
}

export function peakKibOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    // ENOENT: it has gone.
    return 0
  }
}

function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // ENOENT: it has gone.
    return []
  }
}
