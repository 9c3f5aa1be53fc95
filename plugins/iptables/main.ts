// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem } from '../../src/config.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { version } from '../../src/version.js'
import { DEFAULT_FILE, loadConfig } from './config-file.js'
import { iptables } from './iptables.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_CONFIG = 78

const USAGE = `Usage: audispd-iptables [FILE]
       audispd-iptables --check [FILE]

Puts the packets that the firewall has logged into the stream of records. A plugin of audispd, with direction = in.

FILE is an iptables.conf (default ${DEFAULT_FILE}).

      --check               read and check the configuration, start nothing
      --jitless             first of all, to the launcher alone: run Node without its compiler
  -h, --help                this text
      --version             the version

Signals: HUP reads the configuration again, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-iptables(8).
`

interface Options {
  readonly verb: 'run' | 'check' | 'help' | 'version'
  readonly file: string
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
  const [file = DEFAULT_FILE, ...more] = positionals
  if (more.length > 0) throw new Error(`'${more[0]}' is one file too many`)
  const verb = values.help ? 'help' : values.version ? 'version' : values.check ? 'check' : 'run'
  return { verb, file }
}

function check(file: string): number {
  const { config, problems } = loadConfig(file)
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  if (config === undefined) return EXIT_CONFIG
  process.stdout.write(`${file}: well\n`)
  return EXIT_DONE
}

async function run(file: string): Promise<void> {
  const voice = new Voice(NODE_CLOCK, (line) => process.stderr.write(line))
  const definition = iptables(() => loadConfig(file), voice)
  // It goes to the kernel, or out as bare lines: then nobody says HELLO first. With a mistake there is nothing to wait for either.
  const isBare = loadConfig(file).config?.output !== 'dispatcher'
  await runPlugin(definition, isBare ? { sends: 'lines' } : {})
}

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`audispd-iptables: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
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
    process.exitCode = check(options.file)
    break
  case 'run':
    await run(options.file)
}
