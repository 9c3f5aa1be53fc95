// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem } from '../../src/config.js'
import { runPlugin } from '../../src/sdk/index.js'
import { version } from '../../src/version.js'
import { DEFAULT_FILE, type FileKind } from './config-file.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { remoteSend } from './remote-send.js'
import { loadSettings } from './settings.js'
import { Voice } from '../../src/remote/voice.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_CONFIG = 78

const USAGE = `Usage: audispd-remote-send [FILE]
       audispd-remote-send --check [FILE]

Carries records to another machine, so that none is lost and none comes twice. A plugin of audispd, with format = protocol.

FILE is a remote-send.conf or an audisp-remote.conf (default ${DEFAULT_FILE}).

      --audisp-remote FILE  an audisp-remote.conf, whatever its keys look like
      --check               read and check the configuration and the files that it names, start nothing
      --jitless             first of all, to the launcher alone: run Node without its compiler
  -h, --help                this text
      --version             the version

Signals: HUP reads the configuration again, USR2 goes on with what an action has suspended, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-remote-send(8).
`

interface Options {
  readonly verb: 'run' | 'check' | 'help' | 'version'
  readonly file: string
  readonly kind: FileKind | undefined
}

/** Throws an Error with what is wrong in words. */
function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'audisp-remote': { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  const theirs = values['audisp-remote']
  const [file, ...more] = [...(theirs === undefined ? [] : [theirs]), ...positionals]
  if (more.length > 0) throw new Error(`'${more[0]}' is one file too many`)
  const verb = values.help ? 'help' : values.version ? 'version' : values.check ? 'check' : 'run'
  return { verb, file: file ?? DEFAULT_FILE, kind: theirs === undefined ? undefined : 'audisp-remote' }
}

function check({ file, kind }: Options): number {
  const { settings, problems } = loadSettings(file, kind)
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  if (settings === undefined) return EXIT_CONFIG
  process.stdout.write(`${file}: well\n`)
  return EXIT_DONE
}

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`audispd-remote-send: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
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
    process.exitCode = check(options)
    break
  case 'run': {
    const { file, kind } = options
    await runPlugin(
      remoteSend(() => loadSettings(file, kind), new Voice(NODE_CLOCK, (line) => process.stderr.write(line))),
    )
  }
}
