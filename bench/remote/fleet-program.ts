// Many senders, played by one process: node fleet-program.js PLAN, where PLAN is JSON. Prints what it found as JSON.

import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { inOrder, quantile } from '../statistics.js'
import type { FleetPlan, FleetResult } from './fleet.js'
import { PlayedSender } from './played-sender.js'

/** As many as the collector lets be in a handshake from one address. */
const AT_ONCE = 4

const [text = ''] = process.argv.slice(2)
const plan = planIn(text)
const senders: PlayedSender[] = []
const waiting = Array.from({ length: plan.senders }, (_, index) => index)
let left = plan.senders
let whenAllDone = (): void => {}

await Promise.all(Array.from({ length: AT_ONCE }, connectSome))
const allDone = new Promise<void>((resolve) => {
  whenAllDone = resolve
})
const began = performance.now()
for (const sender of senders) sender.begin()
await allDone
const ms = performance.now() - began
const micros = inOrder(senders.flatMap((sender) => sender.micros))
const result: FleetResult = {
  records: plan.senders * plan.blocks * plan.recordsABlock,
  ms,
  medianMicros: quantile(micros, 0.5),
  p99Micros: quantile(micros, 0.99),
  generatorCpuMicros: process.cpuUsage().user + process.cpuUsage().system,
}
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))

async function connectSome(): Promise<void> {
  while (waiting.pop() !== undefined) senders.push(await connectOne())
}

function connectOne(): Promise<PlayedSender> {
  return new Promise((resolve) => {
    const fail = (why: string): void => {
      process.stderr.write(`${why}\n`)
      process.exit(1)
    }
    const socket = open(() => {
      sender.hello()
    })
    const sender: PlayedSender = new PlayedSender(plan, socket, {
      ready: () => resolve(sender),
      done: () => {
        if (--left === 0) whenAllDone()
      },
      failed: fail,
    })
  })
}

function open(onConnect: () => void): Socket {
  const { port, tls } = plan
  if (tls === undefined) return connectTcp(port, '127.0.0.1', onConnect)
  const files = { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) }
  const options = { host: 'localhost', port, ALPNProtocols: ['arp/1'], minVersion: 'TLSv1.3' as const, ...files }
  return connectTls(options, onConnect)
}

/** It is our own writing. */
function planIn(json: string): FleetPlan {
  const parsed: FleetPlan = JSON.parse(json)
  return parsed
}
