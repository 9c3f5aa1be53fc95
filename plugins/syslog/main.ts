// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem } from '../../src/config.js'
import { tellPeople } from '../../src/log/for-people.js'
import { COMMON_OPTIONS, misconfigured, runProgram, tellCheck, verbOf } from '../../src/plugin-program.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { loadUnixDatagram } from '../../src/unix-datagram.js'
import { DEFAULT_FILE } from './config-file.js'
import { loadSettings, type ReadSettings } from './settings.js'
import { syslogPlugin } from './syslog.js'
import { configOfWords } from './words.js'

const NAME = 'audispd-syslog'

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
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: COMMON_OPTIONS })
  return { verb: verbOf(values), words: positionals }
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
  return tellCheck(words.length === 0 ? DEFAULT_FILE : words.join(' '), settings !== undefined, problems)
}

async function run(words: readonly string[]): Promise<number> {
  const { settings, problems } = load(words)
  if (settings === undefined) return misconfigured(NAME, problems)
  const voice = new Voice(NODE_CLOCK, tellPeople)
  for (const problem of problems) voice.log('warn', formatProblem(problem))
  return runPlugin(syslogPlugin(settings, () => load(words), voice, { makeSocket: await loadUnixDatagram() }))
}

await runProgram(NAME, USAGE, {
  read: readOptions,
  perform: ({ verb, words }) => (verb === 'check' ? check(words) : run(words)),
})
