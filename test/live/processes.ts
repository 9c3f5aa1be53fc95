// What runs, as /proc shows it.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim()
}

/** 0 when there is no such process. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\t([0-9]+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
}

/** Alive and not only waiting for its parent to take its exit status. */
export function isRunning(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return stat !== '' && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z')
}

/** Every process but our own children that has `path`, or something in it, on its command line or among its open files. */
export function processesAbout(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), text: [commandLine(Number(name)), ...openFiles(Number(name))].join(' ') }))
    .filter(({ pid, text }) => text.includes(path) && isRunning(pid) && parentOf(pid) !== process.pid)
    .map(({ pid }) => `${pid} ${commandLine(pid)}`)
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    // ENOENT: it has ended, or closed that file, meanwhile.
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // ENOENT or ESRCH: there is no such process.
    return ''
  }
}
