// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem } from '../../src/config.js'
import {
  COMMON_OPTIONS,
  EXIT_DONE,
  misconfigured,
  oneFile,
  runProgram,
  tellCheck,
  verbOf,
} from '../../src/plugin-program.js'
import { tellPeople } from '../../src/log/for-people.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { DEFAULT_FILE, loadSettings } from './config-file.js'
import { NODE_LOG_DISK } from './log-disk.js'
import { logPlugin } from './log-plugin.js'
import { statePath } from './state-file.js'
import { writersOf } from './writer-of.js'

const NAME = 'audispd-log'
const EXIT_NOBODY = 69

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
    options: { ...COMMON_OPTIONS, rotate: { type: 'boolean', default: false } },
  })
  const verb = verbOf(values)
  return { verb: verb === 'run' && values.rotate ? 'rotate' : verb, file: oneFile(positionals, DEFAULT_FILE) }
}

async function perform({ verb, file }: Options): Promise<number> {
  // Before anything is read: under auditd the first record may take hours, and a mistake is to be told now.
  const { settings, problems } = loadSettings(file)
  if (verb === 'check') return tellCheck(file, settings !== undefined, problems)
  if (settings === undefined) return misconfigured(NAME, problems)
  for (const problem of problems) tellPeople(`${formatProblem(problem)}\n`)
  if (verb === 'rotate') return rotate(settings.config.logFile)
  const voice = new Voice(NODE_CLOCK, tellPeople)
  const onSignal = (signal: 'SIGUSR1' | 'SIGUSR2', listener: () => void): void => {
    process.on(signal, listener)
  }
  const world = { disk: NODE_LOG_DISK, clock: NODE_CLOCK, voice, onSignal }
  return runPlugin(logPlugin(settings, () => loadSettings(file), world))
}

/** The process is the one that has the state of this log open, whatever its name or its dispatcher. */
function rotate(logFile: string): number {
  const pids = writersOf(statePath(logFile))
  for (const pid of pids) process.kill(pid, 'SIGUSR1')
  if (pids.length > 0) return EXIT_DONE
  process.stderr.write(`audispd-log: nobody writes ${logFile}\n`)
  return EXIT_NOBODY
}

await runProgram(NAME, USAGE, { read: readOptions, perform })
