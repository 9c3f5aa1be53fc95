// Whoever loses patience with the kit has nothing to clear away.

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'

const MAIN = resolve('build/src/ctl/main.js')
const IGNORES_EVERYTHING = resolve('test/fixtures/plugins/ignores-everything.js')
const POLL_MS = 5

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  void test(`${signal} in the middle`, async (t) => {
    const dir = t.testdir()
    // The environment is made behind the back of the test runner, which in the kit would take the signal too.
    const kit = ['-i', `TMPDIR=${dir}`, process.execPath, MAIN, 'plugin', 'test', '--timeout', '1m']
    const child = spawn('/usr/bin/env', [...kit, '--', process.execPath, IGNORES_EVERYTHING], { stdio: 'ignore' })
    const ended = new Promise((done) => child.on('close', (_code, by) => done(by)))
    let plugins: number[] = []
    while (plugins.length === 0) {
      await delay(POLL_MS)
      plugins = pluginsOf(child.pid ?? 0)
    }
    t.not(readdirSync(dir).length, 0)
    child.kill(signal)
    t.equal(await ended, signal)
    for (const pid of plugins) {
      while (isAlive(pid)) await delay(POLL_MS)
    }
    t.same(readdirSync(dir), [])
  })
}

function pluginsOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)[1] === String(parent) && read(pid, 'cmdline').includes(IGNORES_EVERYTHING))
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
