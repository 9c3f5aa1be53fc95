// The ports of auditd's protocol and the path of audisp-remote's configuration are fixed, so everything is measured in a network and
// a set of mounts of its own: nothing outside is touched, and only the loopback is there.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
const UNSHARE = '/usr/bin/unshare'
const RUN = '/run'
/** As /proc/net/tcp has it. */
const LISTEN = '0A'

/** Runs main.js of this directory there; returns its exit status. */
export function runInOwnNetwork(args: readonly string[]): number {
  const { status, error } = spawnSync(UNSHARE, ['-n', '-m', process.execPath, MAIN, ...args], { stdio: 'inherit' })
  if (error !== undefined) throw error
  return status ?? 1
}

/** To be called in it, once. Daemons keep their pid files in /run. */
export function furnishNetwork(dir: string): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const run = join(dir, 'run')
  mkdirSync(run)
  cover(RUN, run)
}

/** From now on `path` is `by`, for whoever is in here. */
export function cover(path: string, by: string): void {
  execFileSync('mount', ['--bind', by, path])
}

/** What has covered it can be removed then. */
export function uncover(path: string): void {
  execFileSync('umount', [path])
}

export function leaveNetwork(): void {
  uncover(RUN)
}

/** Whether somebody listens on a TCP port in here. */
export function isListening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['/proc/net/tcp', '/proc/net/tcp6'].some((table) =>
    readFileSync(table, 'latin1')
      .split('\n')
      .some((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/)
        return local.endsWith(wanted) && state === LISTEN
      }),
  )
}
