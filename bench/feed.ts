// One run: a producer feeds one consumer, from the moment that all its plugins run.

import { spawn } from 'node:child_process'
import type { Consumer, Arrival } from './consumer.js'
import { Lines } from './lines.js'
import type { Command } from './programs.js'
import { RECORD_BYTES } from './stream.js'

/** Added to the time a run should take; then it is ended by force. */
const PATIENCE_MS = 30_000
const SAID_PID = /^pid (\d+) (\d+)$/
const SAID_RESULT = /^\{/

export interface FeedPlan {
  readonly streamPath: string
  readonly recordsAWrite: number
  readonly warmUpMillis: number
  readonly millis: number
  readonly recordsASecond?: number
  /** Where in the record to put the time of its write. */
  readonly stampAt?: number
  /** Does not wait for the plugins. */
  readonly immediately?: boolean
  /** Called when records begin to flow; what it returns, when that is over. */
  readonly meanwhile?: (pid: number) => () => void
}

/** What was measured between the first write after the warm-up and the moment the consumer came to rest. */
export interface FeedResult {
  readonly startedNs: number
  readonly warmUp: number
  readonly records: number
  readonly ns: number
  readonly cpuNs: number
  readonly peakKib: number
  readonly arrival: Arrival
  readonly log: Lines
}

export type FeedOutcome =
  | { readonly kind: 'done'; readonly result: FeedResult }
  | { readonly kind: 'failed'; readonly reason: string }

export async function feed(producer: Command, plan: FeedPlan, consumer: Consumer): Promise<FeedOutcome> {
  const [program, ...args] = producer
  const child = spawn(program, [...args, ...optionsOf(plan), '--', ...consumer.command])
  const said = new Lines(child.stdout)
  const log = new Lines(child.stderr)
  let pid = 0
  const giveUp = (): void => {
    if (child.exitCode === null) endByForce(pid)
    child.kill('SIGKILL')
  }
  const timer = setTimeout(giveUp, plan.warmUpMillis + plan.millis + PATIENCE_MS)
  try {
    const [, pidText = '', startedText = ''] = SAID_PID.exec((await said.until(SAID_PID))[0] ?? '') ?? []
    pid = Number(pidText)
    if (plan.immediately !== true) await consumer.ready(pid, log)
    child.stdin.write('go\n')
    const stop = plan.meanwhile?.(pid)
    const [text = ''] = await said.until(SAID_RESULT).finally(() => stop?.())
    await log.ended
    const { exitStatus, ...measured } = resultIn(text)
    if (exitStatus !== 0) throw new Error(`exit status ${exitStatus}: ${lastWords(log)}`)
    const arrival = await consumer.arrival(measured.warmUp + measured.records, log)
    return { kind: 'done', result: { ...measured, startedNs: Number(startedText), arrival, log } }
  } catch (error) {
    giveUp()
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
    await consumer.close()
  }
}

/** What it said about an error, if it did. */
function lastWords({ seen }: Lines): string {
  return seen.findLast((line) => /error/i.test(line)) ?? seen.at(-1) ?? 'nothing said'
}

function endByForce(pid: number): void {
  if (pid === 0) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended.
  }
}

function optionsOf(plan: FeedPlan): string[] {
  const pace = plan.recordsASecond === undefined ? [] : ['-p', String(plan.recordsASecond)]
  const stamp = plan.stampAt === undefined ? [] : ['-s', String(plan.stampAt)]
  const what = ['-f', plan.streamPath, '-r', String(RECORD_BYTES), '-k', String(plan.recordsAWrite)]
  const howLong = ['-w', String(plan.warmUpMillis), '-t', String(plan.millis)]
  const start = plan.immediately === true ? ['-i'] : []
  return [...what, ...howLong, ...pace, ...stamp, ...start]
}

function resultIn(json: string): Omit<FeedResult, 'startedNs' | 'arrival' | 'log'> & { readonly exitStatus: number } {
  const parsed: unknown = JSON.parse(json)
  return {
    warmUp: numberIn(parsed, 'warmUp'),
    records: numberIn(parsed, 'records'),
    ns: numberIn(parsed, 'ns'),
    cpuNs: numberIn(parsed, 'cpuNs'),
    peakKib: numberIn(parsed, 'peakKib'),
    exitStatus: numberIn(parsed, 'exitStatus'),
  }
}

function numberIn(parsed: unknown, name: string): number {
  const value: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined
  if (typeof value !== 'number') throw new Error(`the producer gave no ${name}`)
  return value
}
