// Whoever loses patience with the kit has nothing to clear away.

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'

const MAIN = resolve('build/src/ctl/main.js')
const NEVER_ENDS = resolve('test/fixtures/wrong-plugins/never-ends.js')
const POLL_MS = 5

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  void test(`${signal} in the middle`, async (t) => {
    const dir = t.testdir()
    const args = [MAIN, 'plugin', 'test', '--only', 'opening,stop', '--timeout', '1m']
    const child = spawn(process.execPath, [...args, '--', process.execPath, NEVER_ENDS], {
      env: { TMPDIR: dir },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((done) => child.on('close', (_code, by) => done(by)))
    // The first check is over; the plugin of the second one will not end by itself.
    await new Promise((said) => child.stdout.once('data', said))
    let plugins: number[] = []
    while (plugins.length === 0) {
      await delay(POLL_MS)
      plugins = childrenOf(child.pid ?? 0)
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

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)[1] === String(parent))
}

function isAlive(pid: number): boolean {
  return !['', 'Z', 'X'].includes(statOf(pid)[0] ?? '')
}

/** State, parent and so on; empty if there is no such process. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // ENOENT or ESRCH: gone.
    return []
  }
}
