// tee(1), copying the same bytes into as many pipes: what a dispatcher that did nothing at all to the records would cost.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Consumer, Program } from './consumer.js'
import { openFiles, waitUntil } from './processes.js'

const CLOSE_LIMIT_MS = 2000
// The last pipe is tee's stdout, so that there are as many as there are readers.
const TEE = 'last=$1; shift; exec /usr/bin/tee "$@" >"$last"'
const READER = 'pipe=$1; shift; exec "$@" <"$pipe" >/dev/null'

export function tee(dir: string, readers: readonly Program[]): Consumer {
  mkdirSync(dir, { recursive: true })
  const pipes = readers.map((_, index) => join(dir, `pipe${index + 1}`))
  execFileSync('/usr/bin/mkfifo', ['-m', '600', ...pipes])
  const children = readers.map(({ path, args }, index) =>
    spawn('/bin/sh', ['-c', READER, 'sh', pipes[index] ?? '', path, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  )
  const exits = children.map(async (child) => once(child, 'exit'))
  return {
    command: ['/bin/sh', '-c', TEE, 'sh', ...pipes],
    ready: async (pid) => {
      await waitUntil(() => pipes.every((pipe) => openFiles(pid).includes(pipe)), 'tee has not opened its pipes')
    },
    // It says with its exit status when a write failed.
    arrival: async () => ({ kind: 'whole' }),
    close: async () => {
      // A tee that failed has left its readers waiting for somebody to open the other end.
      const timer = setTimeout(() => {
        for (const child of children) child.kill('SIGKILL')
      }, CLOSE_LIMIT_MS)
      await Promise.all(exits)
      clearTimeout(timer)
    },
  }
}
