// npm run bench: measures dispatching and writes down what it found.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureDelays } from './delays.js'
import { loads, lookAtMachine } from './machine.js'
import { measureMemory } from './memory.js'
import { readOptions, USAGE, type Options } from './options.js'
import { ratePlot } from './rate-plot.js'
import { measureRates } from './rates.js'
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
    const results = await measure(workshop, options)
    process.stdout.write(`${reportOf(results)}\n`)
    if (options.out !== undefined) write(options.out, results)
  } catch (error) {
    say(wordsOf(error))
    process.exitCode = EXIT_SYSTEM
  } finally {
    workshop.close()
  }
}

async function measure(workshop: Workshop, options: Options): Promise<Results> {
  const machine = lookAtMachine(workshop.programs.description)
  say(`producer: ${machine.producer}`)
  const starts = await measureStarts(workshop, options)
  say('starts done')
  const delays = await measureDelays(workshop, options)
  say('delays done')
  const memory = await measureMemory(workshop, options)
  say('memory done')
  const rates = await measureRates(workshop, options, (round) => {
    say(`rates, round ${round} of ${options.rounds}`)
  })
  return { machine: { ...machine, loadAfter: loads() }, options, rates, delays, memory, starts }
}

function write(dir: string, results: Results): void {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'dispatch.md'), `${reportOf(results)}\n`)
  writeFileSync(join(dir, 'dispatch.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  writeFileSync(join(dir, 'dispatch.svg'), ratePlot(results.rates))
  say(`written to ${dir}`)
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
