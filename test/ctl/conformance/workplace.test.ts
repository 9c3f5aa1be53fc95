// Whoever loses patience with the kit has nothing to clear away.

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'

const MAIN = resolve('build/src/ctl/main.js')
const IGNORES_EVERYTHING = resolve('test/fixtures/plugins/ignores-everything.js')
const POLL_MS = 5
const DEADLINE_MS = 60_000

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  void test(`${signal} in the middle`, async (t) => {
    const dir = t.testdir()
    // The environment is made behind the back of the test runner, which in the kit would take the signal too.
    const kit = ['-i', `TMPDIR=${dir}`, process.execPath, MAIN, 'plugin', 'test', '--timeout', '1m']
    const child = spawn('/usr/bin/env', [...kit, '--', process.execPath, IGNORES_EVERYTHING], { stdio: 'ignore' })
    const ended = new Promise((done) => child.on('close', (_code, by) => done(by)))
    let plugins: number[] = []
    await until('a plugin runs', () => (plugins = pluginsOf(child.pid ?? 0)).length > 0)
    t.not(readdirSync(dir).length, 0)
    child.kill(signal)
    t.equal(await ended, signal)
    await until('no plugin is left', () => !plugins.some(isAlive))
    t.same(readdirSync(dir), [])
  })
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`did not happen within ${DEADLINE_MS / 1000} s: ${what}`)
    await delay(POLL_MS)
  }
}

/** Processes that have become the plugin: until then one has the kit's own command line, which names the plugin too. */
function pluginsOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)[1] === String(parent))
    .filter((pid) => read(pid, 'cmdline').includes(IGNORES_EVERYTHING) && !read(pid, 'cmdline').includes(MAIN))
}

function isAlive(pid: number): boolean {
  return !['', 'Z', 'X'].includes(statOf(pid)[0] ?? '')
}

/** State, parent and so on; empty if there is no such process. */
function statOf(pid: number): string[] {
  const stat = read(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // ENOENT or ESRCH: gone.
    return ''
  }
}
