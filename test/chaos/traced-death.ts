// A death at a chosen system call: the next process of a plugin runs under strace, which kills it as it enters the n-th call of a kind,
// and writes down what it did until then. UV_THREADPOOL_SIZE=1, as strace counts calls by thread.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { Site } from './site.js'

/** Those that leave something on the disk, or a peer waiting. */
export const CALLS = ['pwrite64', 'pwritev', 'fdatasync', 'fsync', 'rename', 'unlink', 'link', 'ftruncate'] as const
export type Call = (typeof CALLS)[number]

/** What it was at. `recovery`: before it said READY; `roll`: a new segment was begun and not named durably yet. */
export type Phase = 'recovery' | 'commit' | 'roll' | 'purge' | 'other'

const STRACE = '/usr/bin/strace'
const CREATED = /openat\(.*\.(?:log|idx\.new)", .*O_CREAT/
const NAMED = /rename\(.*\.idx\.new"/
const DIR_SYNCED = /fsync\(\d+\)\s+= 0/

/** The plugin's next process dies like that; what it leaves in `traceOf` says how. */
export function doom(site: Site, plugin: string, call: Call, nth: number): void {
  rmSync(traceOf(site, plugin), { force: true })
  const options = [
    '-D',
    '-f',
    '-e',
    'quiet=attach',
    '-s',
    '80',
    '-E',
    'UV_THREADPOOL_SIZE=1',
    '-o',
    traceOf(site, plugin),
  ]
  const traced = `trace=openat,write,${CALLS.join(',')}`
  const filters = ['-e', traced, '-e', 'signal=none', '-e', `inject=${call}:signal=SIGKILL:when=${nth}`]
  site.write(`${plugin}.once`, `under="${[STRACE, ...options, ...filters].join(' ')}"\n`)
}

export function traceOf(site: Site, plugin: string): string {
  return site.path(`${plugin}.trace`)
}

/** What it was at when it died. */
export function phaseOf(site: Site, plugin: string): Phase {
  // Another's kill -9 can come before strace has so much as opened its file.
  if (!existsSync(traceOf(site, plugin))) return 'other'
  const lines = readFileSync(traceOf(site, plugin), 'latin1').split('\n')
  const ready = lines.findIndex((line) => line.includes('"READY 1'))
  if (ready < 0) return lines.some((line) => /openat\(.*\.(?:idx|log)"/.test(line)) ? 'recovery' : 'other'
  const since = lines.slice(ready)
  const created = since.findLastIndex((line) => CREATED.test(line))
  const named = since.findLastIndex((line) => NAMED.test(line))
  if (created > named) return 'roll'
  // The name is durable only when the directory is.
  if (named >= 0 && !since.slice(named).some((line) => DIR_SYNCED.test(line))) return 'roll'
  const last = since.findLast((line) => CALLS.some((call) => line.includes(` ${call}(`))) ?? ''
  if (last.includes(' unlink(')) return 'purge'
  return /fdatasync|pwrite/.test(last) ? 'commit' : 'other'
}
