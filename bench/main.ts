// npm run bench: measures dispatching and writes down what it found.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureDelays } from './delays.js'
import { loads, lookAtMachine } from './machine.js'
import { filterReportOf } from './filter/filter-report.js'
import { measureFilter, type FilterResults } from './filter/measure.js'
import { measureInput } from './input-plugin.js'
import { measureMemory } from './memory.js'
import { measureOperate, type OperateResults } from './operate/measure.js'
import { operateReportOf } from './operate/operate-report.js'
import { readOptions, USAGE, type Options } from './options.js'
import { keepUpCases, selectorCases } from './protocol-cases.js'
import { protocolReportOf } from './protocol-report.js'
import type { ProtocolResults } from './protocol-results.js'
import { rateCases } from './rate-cases.js'
import { ratePlot } from './rate-plot.js'
import { measureRates } from './rates.js'
import { runInOwnNetwork } from './remote/own-network.js'
import { reportOf } from './report.js'
import type { Results } from './results.js'
import { measureStarts } from './starts.js'
import { Workshop } from './workshop.js'

const EXIT_USAGE = 64
const EXIT_SYSTEM = 71
const EXIT_INTERRUPTED = 130

await main(process.argv.slice(2))

async function main(args: string[]): Promise<void> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    say(`${wordsOf(error)}\n\n${USAGE}`)
    process.exitCode = EXIT_USAGE
    return
  }
  const workshop = new Workshop()
  // What is being measured gets the same signal from the terminal.
  process.once('SIGINT', () => {
    workshop.close()
    process.exit(EXIT_INTERRUPTED)
  })
  try {
    if (options.parts.includes('dispatch')) {
      const results = await measureDispatch(workshop, options)
      const report = tell(reportOf(results))
      write(options.out, 'dispatch', { md: report, json: asJson(results), svg: ratePlot(results.rates) })
    }
    if (options.parts.includes('protocol')) {
      const results = await measureProtocol(workshop, options)
      const report = tell(protocolReportOf(results))
      write(options.out, 'protocol', { md: report, json: asJson(results) })
    }
    if (options.parts.includes('filter')) {
      const results = measureFilter(workshop.newDir(), options, say)
      const report = tell(filterReportOf(results))
      write(options.out, 'filter', { md: report, json: asJson(results) })
    }
    if (options.parts.includes('operate')) {
      const results = await measureOperate(workshop, options, say)
      const report = tell(operateReportOf(results))
      write(options.out, 'operate', { md: report, json: asJson(results) })
    }
    if (options.parts.includes('remote')) measureRemote(args, options)
  } catch (error) {
    say(wordsOf(error))
    process.exitCode = EXIT_SYSTEM
  } finally {
    workshop.close()
  }
}

async function measureDispatch(workshop: Workshop, options: Options): Promise<Results> {
  const machine = lookAtMachine(workshop.programs.description)
  say(`producer: ${machine.producer}`)
  const starts = await measureStarts(workshop, options)
  say('starts done')
  const delays = await measureDelays(workshop, options)
  say('delays done')
  const memory = await measureMemory(workshop, options)
  say('memory done')
  const rates = await measureRates(workshop, rateCases(workshop, options.peers), options, sayRound('rates', options))
  return { machine: { ...machine, loadAfter: loads() }, options, rates, delays, memory, starts }
}

async function measureProtocol(workshop: Workshop, options: Options): Promise<ProtocolResults> {
  const machine = lookAtMachine(workshop.programs.description)
  const keepUp = await measureRates(workshop, keepUpCases(workshop), options, sayRound('keeping up', options))
  const selectors = await measureRates(workshop, selectorCases(workshop), options, sayRound('selectors', options))
  say('input')
  const input = await measureInput(workshop, options)
  return { machine: { ...machine, loadAfter: loads() }, options, keepUp, selectors, input }
}

/** What needs a network of its own is another process, which takes the same arguments. */
function measureRemote(args: readonly string[], { parts }: Options): void {
  if (process.getuid?.() === 0) {
    if (runInOwnNetwork(args) !== 0) process.exitCode = EXIT_SYSTEM
  } else if (parts.length === 1) {
    throw new Error('--only remote: only root can have a network of its own')
  } else {
    say('the remote pair is left out: only root can have a network of its own')
  }
}

function tell(report: string): string {
  process.stdout.write(`${report}\n`)
  return `${report}\n`
}

/** A file of this name for each ending. */
function write(dir: string | undefined, name: string, files: Readonly<Record<string, string>>): void {
  if (dir === undefined) return
  mkdirSync(dir, { recursive: true })
  for (const [ending, text] of Object.entries(files)) writeFileSync(join(dir, `${name}.${ending}`), text)
  say(`written to ${dir}`)
}

function asJson(results: Results | ProtocolResults | FilterResults | OperateResults): string {
  return `${JSON.stringify(results, undefined, 2)}\n`
}

function sayRound(what: string, { rounds }: Options): (round: number) => void {
  return (round) => {
    say(`${what}, round ${round} of ${rounds}`)
  }
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
