// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem } from '../../src/config.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { version } from '../../src/version.js'
import { DEFAULT_FILE, loadSettings } from './config-file.js'
import { NODE_LOG_DISK } from './log-disk.js'
import { logPlugin } from './log-plugin.js'
import { statePath } from './state-file.js'
import { writersOf } from './writer-of.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_NOBODY = 69
const EXIT_CONFIG = 78

const USAGE = `Usage: audispd-log [FILE]
       audispd-log --check [FILE]
       audispd-log --rotate [FILE]

Writes records into a log that ausearch reads, rotates and compresses it. A plugin of audispd with format = protocol, or of auditd.

FILE is a log.conf (default ${DEFAULT_FILE}).

      --check      read and check the configuration, start nothing
      --jitless    first of all, to the launcher alone: run Node without its compiler
      --rotate     tell the process that writes this log to rotate it now
  -h, --help       this text
      --version    the version

Signals: HUP reads the configuration again, USR1 rotates the log or takes another medium, USR2 goes on with what was suspended, TERM and
INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 69 nobody writes this log, 70 bug or system call, 78 configuration.
See audispd-log(8).
`

interface Options {
  readonly verb: 'run' | 'check' | 'rotate' | 'help' | 'version'
  readonly file: string
}

/** Throws an Error with what is wrong in words. */
function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      check: { type: 'boolean', default: false },
      rotate: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  const [file, ...more] = positionals
  if (more.length > 0) throw new Error(`'${more[0]}' is one file too many`)
  const verb = (['help', 'version', 'check', 'rotate'] as const).find((each) => values[each]) ?? 'run'
  return { verb, file: file ?? DEFAULT_FILE }
}

/** The exit status, or undefined for a plugin that has ended the process itself. */
async function main(args: readonly string[]): Promise<number | undefined> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    process.stderr.write(`audispd-log: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return EXIT_USAGE
  }
  const { verb, file } = options
  if (verb === 'help') process.stdout.write(USAGE)
  if (verb === 'version') process.stdout.write(`${version()}\n`)
  if (verb === 'help' || verb === 'version') return EXIT_DONE
  // Before anything is read: under auditd the first record may take hours, and a mistake is to be told now.
  const { settings, problems } = loadSettings(file)
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  if (settings === undefined) return EXIT_CONFIG
  if (verb === 'check') {
    process.stdout.write(`${file}: well\n`)
    return EXIT_DONE
  }
  if (verb === 'rotate') return rotate(settings.config.logFile)
  const voice = new Voice(NODE_CLOCK, (line) => process.stderr.write(line))
  const onSignal = (signal: 'SIGUSR1' | 'SIGUSR2', listener: () => void): void => {
    process.on(signal, listener)
  }
  const world = { disk: NODE_LOG_DISK, clock: NODE_CLOCK, voice, onSignal }
  await runPlugin(logPlugin(settings, () => loadSettings(file), world))
  return undefined
}

/** The process is the one that has the state of this log open, whatever its name or its dispatcher. */
function rotate(logFile: string): number {
  const pids = writersOf(statePath(logFile))
  for (const pid of pids) process.kill(pid, 'SIGUSR1')
  if (pids.length > 0) return EXIT_DONE
  process.stderr.write(`audispd-log: nobody writes ${logFile}\n`)
  return EXIT_NOBODY
}

const status = await main(process.argv.slice(2))
if (status !== undefined) process.exitCode = status
