// producer.c for machines without a C compiler: its comment explains the arguments. Slower, and it reads CPU time in the
// ticks of /proc, so the report says when it was used.

import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const STDOUT = 1
const STAMP_DIGITS = 20
/** After so many writes the event loop has a turn. */
const WRITES_A_TURN = 256
/** Far more than a tick, by which the CPU time below is counted. */
const REST_MS = 60
const LOOK_MS = 2
const TICK_NS = 10_000_000

interface Feed {
  readonly stream: Buffer
  readonly writeBytes: number
  readonly recordsAWrite: number
  readonly aSecond: number
  readonly stampAt: number
}

interface Look {
  readonly ns: bigint
  readonly cpuNs: number
}

interface Consumer {
  readonly child: ChildProcess
  readonly stdin: Writable
  readonly pid: number
  /** As last seen: the kernel forgets it with the process. */
  peakKib: number
}

await main()

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stream: { type: 'string', short: 'f', default: '' },
      record: { type: 'string', short: 'r', default: '1' },
      records: { type: 'string', short: 'k', default: '1' },
      warm: { type: 'string', short: 'w', default: '0' },
      time: { type: 'string', short: 't', default: '0' },
      pace: { type: 'string', short: 'p', default: '0' },
      stamp: { type: 'string', short: 's', default: '-1' },
      immediately: { type: 'boolean', short: 'i', default: false },
    },
  })
  const recordsAWrite = Number(values.records)
  const plan: Feed = {
    stream: readFileSync(values.stream),
    writeBytes: recordsAWrite * Number(values.record),
    recordsAWrite,
    aSecond: Number(values.pace),
    stampAt: Number(values.stamp),
  }
  const started = process.hrtime.bigint()
  const consumer = start(positionals)
  writeSync(STDOUT, `pid ${consumer.pid} ${started}\n`)
  const exited = new Promise<number>((resolve) => {
    consumer.child.once('exit', (code) => {
      resolve(code ?? 128)
    })
  })
  if (!values.immediately) await readLine()
  const warmUp = await writeStream(plan, consumer.stdin, Number(values.warm))
  if (warmUp > 0) await waitForRest(consumer)
  const before = lookAt(consumer)
  const records = await writeStream(plan, consumer.stdin, Number(values.time))
  const after = await waitForRest(consumer)
  consumer.stdin.end()
  const exitStatus = await exited
  const ns = Number(after.ns - before.ns)
  const cpuNs = after.cpuNs - before.cpuNs
  writeSync(STDOUT, `${JSON.stringify({ warmUp, records, ns, cpuNs, peakKib: consumer.peakKib, exitStatus })}\n`)
}

function start([program = '', ...args]: string[]): Consumer {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] })
  // EPIPE: the consumer has gone, which its exit says.
  child.stdin.on('error', () => {})
  if (child.pid === undefined) throw new Error(`cannot start ${program}`)
  return { child, stdin: child.stdin, pid: child.pid, peakKib: 0 }
}

async function readLine(): Promise<void> {
  const lines = createInterface({ input: process.stdin })
  await new Promise((resolve) => {
    lines.once('line', resolve)
  })
  lines.close()
}

async function writeStream(plan: Feed, stdin: Writable, millis: number): Promise<number> {
  const begin = performance.now()
  let records = 0
  let at = 0
  for (let writes = 1; performance.now() - begin < millis && stdin.writable; writes++) {
    if (plan.aSecond > 0) await sleepUntil(begin + (records * 1000) / plan.aSecond)
    if (plan.stampAt >= 0) {
      plan.stream.write(String(process.hrtime.bigint()).padStart(STAMP_DIGITS, '0'), at + plan.stampAt, 'latin1')
    }
    const chunk = plan.stream.subarray(at, at + plan.writeBytes)
    // What did not go out at once is waited for: Node would put queued writes together into one.
    const gone = new Promise<void>((resolve) => {
      stdin.write(chunk, () => {
        resolve()
      })
    })
    if (stdin.writableLength > 0 || writes % WRITES_A_TURN === 0) await gone
    records += plan.recordsAWrite
    at += plan.writeBytes
    if (at + plan.writeBytes > plan.stream.length) at = 0
  }
  return records
}

async function sleepUntil(timeMs: number): Promise<void> {
  const left = timeMs - performance.now()
  if (left > 0) await sleep(left)
}

async function waitForRest(consumer: Consumer): Promise<Look> {
  let last = lookAt(consumer)
  for (;;) {
    await sleep(LOOK_MS)
    const look = lookAt(consumer)
    if (look.cpuNs !== last.cpuNs) last = look
    else if (Number(look.ns - last.ns) >= REST_MS * 1e6) return last
  }
}

/** The consumer's own CPU time, without its plugins'. */
function lookAt(consumer: Consumer): Look {
  const ns = process.hrtime.bigint()
  try {
    const stat = readFileSync(`/proc/${consumer.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${consumer.pid}/status`, 'utf8'))
    consumer.peakKib = Number(peak?.[1] ?? consumer.peakKib)
    return { ns, cpuNs: (Number(fields[11]) + Number(fields[12])) * TICK_NS }
  } catch {
    // ENOENT: it ended on its own; its exit status tells the rest.
    return { ns, cpuNs: 0 }
  }
}
