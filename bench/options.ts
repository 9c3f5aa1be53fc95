import { parseArgs } from 'node:util'

export const USAGE = `Usage: npm run bench -- [--quick] [--only PART] [--peer COMMAND]... [--rounds N] [--millis N] [--samples N] [--out DIR]

Measures dispatching; docs/bench.md says what and how.

  --quick         a short look: one round of short runs; nothing is written unless --out says where
  --only PART     dispatch (string and binary plugins), protocol (plugins of the line protocol), filter (rules beside
                  grep), operate (while somebody looks on) or remote (the remote pair beside auditd's own and rsyslog;
                  as root)
  --peer COMMAND  also measure this dispatcher, which gets the same stream on stdin; {DIR} in it becomes a
                  configuration directory as audispd 2.x reads it, {N} the number of plugins
  --rounds N      how often each rate is measured (5)
  --millis N      for how long each time (400)
  --samples N     how many single records are timed (5000)
  --out DIR       where the results go (bench/results)
`

const FULL = {
  rounds: 5,
  millis: 400,
  warmUpMillis: 150,
  samples: 5000,
  starts: 5,
  inputRecords: 1_000_000,
  out: 'bench/results',
}
const QUICK = {
  rounds: 1,
  millis: 200,
  warmUpMillis: 100,
  samples: 500,
  starts: 1,
  inputRecords: 100_000,
  out: undefined,
}

const PARTS = ['dispatch', 'protocol', 'filter', 'operate', 'remote'] as const

export interface Peer {
  readonly name: string
  readonly command: string
}

export interface Options {
  readonly isQuick: boolean
  readonly parts: readonly (typeof PARTS)[number][]
  readonly peers: readonly Peer[]
  readonly rounds: number
  readonly millis: number
  readonly warmUpMillis: number
  readonly samples: number
  readonly starts: number
  /** How many records an input plugin sends. */
  readonly inputRecords: number
  readonly out: string | undefined
}

/** Throws an Error with what is wrong in words. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      millis: { type: 'string' },
      samples: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const usual = values.quick ? QUICK : FULL
  return {
    isQuick: values.quick,
    parts: partsOf(values.only),
    peers: values.peer.map(named),
    rounds: count('rounds', values.rounds, usual.rounds),
    millis: count('millis', values.millis, usual.millis),
    warmUpMillis: usual.warmUpMillis,
    samples: count('samples', values.samples, usual.samples),
    starts: usual.starts,
    inputRecords: usual.inputRecords,
    out: values.out ?? usual.out,
  }
}

function partsOf(only: string | undefined): Options['parts'] {
  if (only === undefined) return PARTS
  const part = PARTS.find((each) => each === only)
  if (part === undefined) throw new Error(`--only takes ${PARTS.join(', ')}, not '${only}'`)
  return [part]
}

/** By its program, and by its number when the same program comes again. */
function named(command: string, index: number, commands: readonly string[]): Peer {
  const programs = commands.map((one) => one.trim().split(/\s+/)[0] ?? one)
  const program = programs[index] ?? command
  const isAgain = programs.indexOf(program) < index
  return { command, name: isAgain ? `${program} (${index + 1})` : program }
}

function count(name: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number above 0, not '${text}'`)
  return value
}
