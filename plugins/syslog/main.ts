// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem, type Problem } from '../../src/config.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { sayLast } from '../../src/log.js'
import { version } from '../../src/version.js'
import { DEFAULT_FILE } from './config-file.js'
import { loadSettings, type ReadSettings } from './settings.js'
import { syslogPlugin } from './syslog.js'
import { loadUnixDatagram } from './unix-datagram.js'
import { configOfWords } from './words.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_CONFIG = 78

const USAGE = `Usage: audispd-syslog [FILE]
       audispd-syslog WORD ...
       audispd-syslog --check [FILE | WORD ...]

Sends records to syslog: to this machine's /dev/log, or to servers by UDP, TCP or TLS. A plugin of audispd, with format = protocol, or of
auditd, with format = string.

FILE is a syslog.conf, by its absolute path (default ${DEFAULT_FILE}).
WORDs are those of audisp-syslog, and then every message is as it would send it to /dev/log: a priority, LOG_DEBUG to LOG_EMERG (default
LOG_INFO), a facility, LOG_LOCAL0 to LOG_LOCAL7, LOG_AUTH, LOG_AUTHPRIV, LOG_DAEMON, LOG_SYSLOG or LOG_USER (the default), and interpret.

      --check               read and check the configuration and the files that it names, start nothing
      --jitless             first of all, to the launcher alone: run Node without its compiler
  -h, --help                this text
      --version             the version

Signals: HUP reads the configuration again, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-syslog(8).
`

interface Options {
  readonly verb: 'run' | 'check' | 'help' | 'version'
  /** A file, or the words of audisp-syslog. */
  readonly words: readonly string[]
}

/** Throws an Error with what is wrong in words. */
function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  const verb = values.help ? 'help' : values.version ? 'version' : values.check ? 'check' : 'run'
  return { verb, words: positionals }
}

/** A path is a file, anything else are words of audisp-syslog; what neither knows is a mistake in the configuration, as they stand in it. */
function load(words: readonly string[]): ReadSettings {
  const [file = DEFAULT_FILE, ...more] = words
  if (file.startsWith('/')) {
    if (more.length === 0) return loadSettings(file)
    return failed(`'${more[0]}': words of audisp-syslog do not go with a file`)
  }
  const parsed = configOfWords(words)
  if ('mistake' in parsed) return failed(parsed.mistake)
  return { settings: { config: parsed.value, tls: undefined }, problems: [] }
}

function failed(text: string): ReadSettings {
  return { settings: undefined, problems: [{ level: 'error', file: 'arguments', line: 0, key: '', text }] }
}

function check(words: readonly string[]): number {
  const { settings, problems } = load(words)
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  if (settings === undefined) return EXIT_CONFIG
  process.stdout.write(`${words.length === 0 ? DEFAULT_FILE : words.join(' ')}: well\n`)
  return EXIT_DONE
}

async function run(words: readonly string[]): Promise<number | undefined> {
  const { settings, problems } = load(words)
  if (settings === undefined) {
    sayLast(allOf(problems))
    return EXIT_CONFIG
  }
  const voice = new Voice(NODE_CLOCK, (line) => process.stderr.write(line))
  for (const problem of problems) voice.log('warn', formatProblem(problem))
  await runPlugin(syslogPlugin(settings, () => load(words), voice, { makeSocket: await loadUnixDatagram() }))
  return undefined
}

function allOf(problems: readonly Problem[]): string {
  return problems.map((problem) => `audispd-syslog: ${formatProblem(problem)}`).join('\n')
}

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`audispd-syslog: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return undefined
  }
}

const options = optionsOrUsage()
switch (options?.verb) {
  case undefined:
    process.exitCode = EXIT_USAGE
    break
  case 'help':
    process.stdout.write(USAGE)
    break
  case 'version':
    process.stdout.write(`${version()}\n`)
    break
  case 'check':
    process.exitCode = check(options.words)
    break
  case 'run':
    process.exitCode = await run(options.words)
}
