// The filter's rules over the recordings, beside grep -F of one literal, in the same rounds.

import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loads, lookAtMachine, type Machine } from '../machine.js'
import type { Options } from '../options.js'
import { spreadOf, type Spread } from '../statistics.js'
import { RULES } from './rules.js'

const RECORDINGS = ['v3.0.9-raw-plugin.log', 'v3.0.9-enriched-node-plugin.log', 'v2.8.5-enriched.log']
const FOLDER = 'test/fixtures/auditd-stream'
const LITERAL = 'watch-17'
export const ENGINE = 'the rules alone'
export const PROGRAM = 'audispd-filter, lines in, by event'
const LF = 0x0a
const MILLIS_A_SECOND = 1000
/** So that a start of Node is little beside it. */
const PROGRAM_RECORDS = 600_000
const QUICK_RECORDS = 100_000

/** One thing that was measured: records a second, and how that stands to grep in the same rounds. */
export interface FilterRow {
  readonly subject: string
  readonly rate: Spread
  readonly overGrep: Spread
}

export interface FilterResults {
  readonly machine: Machine
  readonly options: Options
  readonly rules: number
  readonly records: number
  readonly bytesARecord: number
  readonly rows: readonly FilterRow[]
}

interface Place {
  readonly short: string
  readonly long: string
  readonly records: number
  readonly rules: string
}

type Subject = readonly [name: string, recordsASecond: (place: Place, millis: number) => number]

const SUBJECTS: readonly Subject[] = [
  ['grep -F of one literal', grep],
  [ENGINE, (place, millis) => engine([], place, millis)],
  [`${ENGINE}, --jitless`, (place, millis) => engine(['--jitless'], place, millis)],
  [PROGRAM, (place) => program([], place)],
  [`${PROGRAM}, --jitless`, (place) => program(['--jitless'], place)],
]

/** Measures everything side by side in each round. */
export function measureFilter(dir: string, options: Options, say: (text: string) => void): FilterResults {
  const machine = lookAtMachine('none')
  const place = furnish(dir, options.isQuick ? QUICK_RECORDS : PROGRAM_RECORDS)
  const rates = SUBJECTS.map((): number[] => [])
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, [, measure]] of SUBJECTS.entries()) rates[index]?.push(measure(place, options.millis))
    say(`filter: round ${round} of ${options.rounds}`)
  }
  const [grepRates = []] = rates
  const rows = SUBJECTS.map(([subject], index) => {
    const own = rates[index] ?? []
    const overGrep = own.map((rate, round) => rate / (grepRates[round] ?? Number.NaN))
    return { subject, rate: spreadOf(own), overGrep: spreadOf(overGrep) }
  })
  const bytesARecord = Math.round(readFileSync(place.long).length / place.records)
  return {
    machine: { ...machine, loadAfter: loads() },
    options,
    rules: RULES.length,
    records: place.records,
    bytesARecord,
    rows,
  }
}

function furnish(dir: string, atLeast: number): Place {
  const bytes = Buffer.concat(RECORDINGS.map((name) => readFileSync(join(FOLDER, name))))
  let lines = 0
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) lines += 1
  const repeats = Math.ceil(atLeast / lines)
  const place = {
    short: join(dir, 'short.log'),
    long: join(dir, 'long.log'),
    rules: join(dir, 'filter.rules'),
    records: lines * repeats,
  }
  writeFileSync(place.short, bytes)
  writeFileSync(place.long, Buffer.concat(Array.from({ length: repeats }, () => bytes)))
  writeFileSync(place.rules, `${RULES.join('\n')}\n`, { mode: 0o600 })
  return place
}

function grep({ long, records }: Place): number {
  return perSecond(records, () => {
    const { status } = spawnSync('/usr/bin/grep', ['-c', '-F', LITERAL, long], {
      env: { LC_ALL: 'C' },
      stdio: 'ignore',
    })
    if (status !== 1) throw new Error(`grep ended with ${status}: nothing was to be found`)
  })
}

function engine(args: readonly string[], { short }: Place, millis: number): number {
  const path = fileURLToPath(new URL('engine-program.js', import.meta.url))
  return Number(execFileSync(process.execPath, [...args, path, short, String(millis)], { encoding: 'utf8' }))
}

/** From its start to its end, with a child that gets nothing. */
function program(args: readonly string[], { long, records, rules }: Place): number {
  const path = fileURLToPath(new URL('../../plugins/filter/main.js', import.meta.url))
  const input = openSync(long, 'r')
  try {
    return perSecond(records, () => {
      const command = [...args, path, 'blocklist', rules, '/bin/cat']
      const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        stdio: [input, 'pipe', 'pipe'],
        encoding: 'utf8',
      })
      if (status !== 0 || stdout !== '') throw new Error(`audispd-filter ended with ${status}: ${stdout}${stderr}`)
    })
  } finally {
    closeSync(input)
  }
}

function perSecond(records: number, run: () => void): number {
  const start = performance.now()
  run()
  return Math.round((records * MILLIS_A_SECOND) / (performance.now() - start))
}
