// What it costs to give records to many clients on a Unix socket: `node build/bench/af-unix.js` prints a table. The input is a
// recorded stream as lines, again and again, as fast as the plugin reads it; each client is a socat that counts its lines. socat
// itself as the server, which has one client, is what to compare with.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { spreadOf } from './statistics.js'

const PROGRAM = resolve('build/bin/audispd-af-unix')
const LINES = readFileSync('test/fixtures/auditd-stream/v2.8.5-enriched-node.log')
const LINE_COUNT = LINES.toString('latin1').split('\n').length - 1
const TIMES = 100
const ROUNDS = 3
const POLL_MS = 10
const SECOND_MS = 1000
/** So much that nothing is lost while everybody reads. */
const QUEUE = ['10000000', '--queue-bytes', '1G']

interface Case {
  readonly name: string
  readonly server: (socket: string) => readonly string[]
  readonly clients: number
  /** More clients, which stand still. */
  readonly stopped: number
}

const ours = (format: string) => (socket: string) => [PROGRAM, '0600', socket, format, ...QUEUE]
const CASES: readonly Case[] = [
  { name: 'socat', server: (socket) => ['/usr/bin/socat', '-u', '-', `UNIX-LISTEN:${socket}`], clients: 1, stopped: 0 },
  { name: 'string', server: ours('string'), clients: 1, stopped: 0 },
  { name: 'string', server: ours('string'), clients: 10, stopped: 0 },
  { name: 'string', server: ours('string'), clients: 50, stopped: 0 },
  { name: 'binary', server: ours('binary'), clients: 10, stopped: 0 },
  { name: 'string', server: ours('string'), clients: 1, stopped: 10 },
]

process.stdout.write(
  '| server | clients | stopped | records/s in | records/s out | complete |\n| --- | --- | --- | --- | --- | --- |\n',
)
for (const each of CASES) {
  const rates: number[] = []
  let complete = 0
  for (let round = 0; round < ROUNDS; round++) {
    const { perSecond, counts } = await measure(each)
    rates.push(perSecond)
    complete = counts.filter((count) => count === TIMES * LINE_COUNT).length
  }
  const { median } = spreadOf(rates)
  const { name, clients, stopped } = each
  const told = name === 'binary' ? '' : `${complete} of ${clients}`
  const columns = [name, clients, stopped, Math.round(median), Math.round(median * clients), told]
  process.stdout.write(`| ${columns.join(' | ')} |\n`)
}

async function measure({ server, clients, stopped }: Case): Promise<{ perSecond: number; counts: number[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'af-unix-bench-'))
  const socket = join(dir, 'socket')
  const [program = '', ...args] = server(socket)
  const plugin = spawn('/usr/bin/env', ['-i', program, ...args], { stdio: ['pipe', 'ignore', 'ignore'] })
  while (!existsSync(socket)) await pause(POLL_MS)
  const still = Array.from({ length: stopped }, () =>
    spawn('/usr/bin/socat', ['-u', `UNIX-CONNECT:${socket}`, '/dev/null']),
  )
  await connected(socket, stopped)
  for (const child of still) child.kill('SIGSTOP')
  const counters = Array.from({ length: clients }, () => counter(socket))
  await connected(socket, stopped + clients)
  const beginMs = performance.now()
  for (let n = 0; n < TIMES; n++) if (!plugin.stdin.write(LINES)) await once(plugin.stdin, 'drain')
  plugin.stdin.end()
  // At the end the plugin waits for a moment for those that stand still; those that read have all by then.
  const counts = await Promise.all(counters.map(({ counted }) => counted))
  const ms = performance.now() - beginMs
  for (const child of still) child.kill('SIGKILL')
  if (plugin.exitCode === null) await once(plugin, 'exit')
  rmSync(dir, { recursive: true })
  return { perSecond: (TIMES * LINE_COUNT * SECOND_MS) / ms, counts }
}

/** Waits until so many are connected: each connection has an end that is bound to the path. */
async function connected(socket: string, count: number): Promise<void> {
  for (;;) {
    const ends = execFileSync('/bin/ss', ['-xH'], { encoding: 'latin1' }).split('\n')
    if (ends.filter((line) => line.includes(` ${socket} `) && line.includes('ESTAB')).length >= count) return
    await pause(POLL_MS)
  }
}

function counter(socket: string): { readonly child: ChildProcess; readonly counted: Promise<number> } {
  const child = spawn('/bin/sh', ['-c', 'socat -u UNIX-CONNECT:"$0" - | wc -l', socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const counted = (async () => {
    let text = ''
    for await (const chunk of child.stdout) text += String(chunk)
    return Number(text)
  })()
  return { child, counted }
}
