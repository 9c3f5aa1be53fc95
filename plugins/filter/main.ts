// argv, and the plugin.

import { readFileSync } from 'node:fs'
import { formatProblem } from '../../src/config.js'
import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import { EXIT_CONFIG, EXIT_DONE, EXIT_USAGE, fail, misconfigured, runProgram } from '../../src/plugin-program.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { tellPeople } from '../../src/log/for-people.js'
import { runPlugin } from '../../src/sdk/index.js'
import type { Exit } from './child-feed.js'
import { PipeMistake } from './child-pipe.js'
import { compile, newInterpreter } from './compile.js'
import { DEFAULT_FILE } from './config.js'
import { explainEvent, isEventId } from './explain-verb.js'
import { loadAny, loadRuleFile, loadSetup, loadTheirs, type LoadedSetup, type Setup } from './load.js'
import { readOptions, type Options, type RuleSource } from './options.js'
import { startFilter, type RunningFilter } from './run.js'
import { readStatus, statusText } from './status.js'
import { testFiles } from './test-verb.js'

const NAME = 'audispd-filter'
const EXIT_NOTHING = 1
const EXIT_INPUT = 65
const EXIT_SYSTEM = 70
/** As a shell tells that a signal has ended a program. */
const EXIT_BY_SIGNAL = 128

const USAGE = `Usage: audispd-filter [CONF]
       audispd-filter --check [CONF | RULES]
       audispd-filter test [-c CONF | -r RULES] [--json] FILE...
       audispd-filter explain [-c CONF | -r RULES] [--json] EVENT-ID FILE...
       audispd-filter status [-c CONF] [--json]
       audispd-filter allowlist|blocklist RULES PROGRAM [ARGUMENT...]

Keeps or drops records by rules, hands what is kept to a program, and tells of what should be known. A plugin of audispd, with
format = protocol, and of auditd, with format = string. The last line is that of audisp-filter.

CONF is a filter.conf (default ${DEFAULT_FILE}). test says what the rules would do with log files, explain which clause
matches which record of an event, 1795288154.099:9315 or 9315; FILE may be compressed, and - is standard input.

  -c, --config CONF    the configuration whose rules are meant
  -r, --rules RULES    a rule file, or one of audisp-filter, alone
      --check          read and check the configuration and the rules, start nothing
      --json           with test, explain and status: for programs
      --jitless        first of all, to the launcher alone: run Node without its compiler
  -h, --help           this text
      --version        the version

Signals: HUP reads the rules again, USR1 tells the counts and writes the status file, TERM and INT end.
Exit status: 0 done, 1 no such event, 64 usage, 65 unreadable input, 70 bug or system call, 78 configuration.
See audispd-filter(8).
`

await runProgram(NAME, USAGE, { read: readOptions, perform })

async function perform(wanted: Options): Promise<number> {
  switch (wanted.verb) {
    case 'help':
    case 'version':
      return EXIT_DONE
    case 'check':
      return check(wanted.file)
    case 'status':
      return showStatus(wanted.file, wanted.json)
    case 'test':
    case 'explain':
      return look(wanted)
    case 'run':
      return run(() => loadSetup(wanted.file), undefined)
    case 'allowlist':
    case 'blocklist': {
      const { rules, verb, child } = wanted
      return run(() => withChild(loadTheirs(rules, verb), child), 'theirs')
    }
    default:
      return wanted satisfies never
  }
}

/** Undefined: there are mistakes, which have been told. */
function setupOrProblems({ setup, problems }: LoadedSetup): Setup | undefined {
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return setup
}

function check(file: string): number {
  const setup = setupOrProblems(loadAny(file))
  if (setup === undefined) return EXIT_CONFIG
  process.stdout.write(`${file}: well, ${setup.rules.length} rules\n`)
  return EXIT_DONE
}

async function look(wanted: Extract<Options, { verb: 'test' | 'explain' }>): Promise<number> {
  const setup = setupOrProblems(rulesOf(wanted.source))
  if (setup === undefined) return EXIT_CONFIG
  const write = (text: string): void => {
    process.stdout.write(text)
  }
  process.stdout.on('error', (error) => {
    // A reader that leaves early, such as head(1), wants no more.
    if (errorCode(error) === 'EPIPE') process.exit(EXIT_DONE)
    throw error
  })
  const { files, json } = wanted
  try {
    if (wanted.verb === 'test') {
      await testFiles(setup, compile, files, json, write)
      return EXIT_DONE
    }
    const { event } = wanted
    if (!isEventId(event)) {
      process.stderr.write(`audispd-filter: '${event}' names no event; one looks like 1795288154.099:9315, or 9315\n`)
      return EXIT_USAGE
    }
    if ((await explainEvent(setup, newInterpreter(), event, files, json, write)) > 0) return EXIT_DONE
    process.stderr.write(`audispd-filter: there is no event ${event}\n`)
    return EXIT_NOTHING
  } catch (error) {
    // ENOENT, EISDIR and the like, and what zlib says of a broken file.
    if (errorCode(error) === '') throw error
    process.stderr.write(`audispd-filter: ${error instanceof Error ? error.message : errorText(error)}\n`)
    return EXIT_INPUT
  }
}

function rulesOf({ kind, file }: RuleSource): LoadedSetup {
  return kind === 'rules' ? loadRuleFile(file) : loadSetup(file)
}

function showStatus(file: string, isJson: boolean): number {
  const setup = setupOrProblems(loadSetup(file))
  if (setup === undefined) return EXIT_CONFIG
  const { statusFile } = setup.config
  const text = textOf(statusFile)
  const status = text === undefined ? undefined : readStatus(text)
  if (status === undefined) {
    process.stderr.write(`audispd-filter: there is no status in '${statusFile}'; does the filter run?\n`)
    return EXIT_INPUT
  }
  process.stdout.write(isJson ? `${JSON.stringify(status)}\n` : statusText(status, isThere(status.pid)))
  return EXIT_DONE
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // ENOENT: it has not been written; EACCES: it is not ours to read.
    return undefined
  }
}

function withChild({ setup, problems }: LoadedSetup, child: Setup['config']['child']): LoadedSetup {
  // Two filters on one command line each would write to the same file.
  return { setup: setup && { ...setup, config: { ...setup.config, child, statusFile: '' } }, problems }
}

/** `theirs`: as audisp-filter, the child's end is the filter's, and it is told of TERM. */
async function run(load: () => LoadedSetup, theirs: 'theirs' | undefined): Promise<number> {
  const { setup, problems } = load()
  if (setup === undefined) return misconfigured(NAME, problems)
  for (const problem of problems) tellPeople(`${formatProblem(problem)}\n`)
  const voice = new Voice(NODE_CLOCK, tellPeople)
  const childEnded = (exit: Exit): boolean => {
    if (theirs !== undefined) endWith(exit, voice)
    return true
  }
  let running: RunningFilter
  try {
    running = startFilter(setup, { load, childEnded }, { clock: NODE_CLOCK, voice, compile, say: tellPeople })
  } catch (error) {
    if (error instanceof PipeMistake) return fail(NAME, error.message, EXIT_SYSTEM)
    throw error
  }
  const { filter, tell } = running
  const end = (): void => {
    filter.leaveOpen()
    if (theirs !== undefined) filter.feed?.relay('SIGTERM')
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('SIGUSR1', tell)
  return runPlugin(filter.definition)
}

/** What has not been acknowledged comes again to the next process. */
function endWith({ code, signal }: Exit, voice: Voice): never {
  voice.log(
    'warn',
    'the child has ended, and so does the filter',
    signal === undefined ? { exitCode: code ?? -1 } : { signal },
  )
  process.exit(code ?? EXIT_BY_SIGNAL)
}
