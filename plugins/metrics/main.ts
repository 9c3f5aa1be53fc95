// argv, and the plugin.

import { parseArgs } from 'node:util'
import { formatProblem } from '../../src/config.js'
import { tellPeople } from '../../src/log/for-people.js'
import { COMMON_OPTIONS, misconfigured, oneFile, runProgram, tellCheck, verbOf } from '../../src/plugin-program.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { loadUnixDatagram } from '../../src/unix-datagram.js'
import { DEFAULT_FILE, loadConfig } from './config-file.js'
import { metricsPlugin } from './metrics.js'

const NAME = 'audispd-metrics'

const USAGE = `Usage: audispd-metrics [FILE]
       audispd-metrics --check [FILE]

Exports how the dispatcher, its plugins and the remote pair are: to Prometheus by HTTP or through node_exporter, to statsd, to graphite.
A plugin of audispd, with format = protocol.

FILE is a metrics.conf, by its absolute path (default ${DEFAULT_FILE}).

      --check               read and check the configuration, start nothing
      --jitless             first of all, to the launcher alone: run Node without its compiler
  -h, --help                this text
      --version             the version

Signals: HUP reads the configuration again, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-metrics(8).
`

interface Options {
  readonly verb: 'run' | 'check' | 'help' | 'version'
  readonly file: string
}

/** Throws an Error with what is wrong in words. */
function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: COMMON_OPTIONS })
  return { verb: verbOf(values), file: oneFile(positionals, DEFAULT_FILE) }
}

function check(file: string): number {
  const { config, problems } = loadConfig(file)
  return tellCheck(file, config !== undefined, problems)
}

async function run(file: string): Promise<number> {
  const { config, problems } = loadConfig(file)
  if (config === undefined) return misconfigured(NAME, problems)
  const voice = new Voice(NODE_CLOCK, tellPeople)
  for (const problem of problems) voice.log('warn', formatProblem(problem))
  const means = { clock: NODE_CLOCK, makeSocket: await loadUnixDatagram() }
  return runPlugin(metricsPlugin(config, file, () => loadConfig(file), voice, means))
}

await runProgram(NAME, USAGE, {
  read: readOptions,
  perform: ({ verb, file }) => (verb === 'check' ? check(file) : run(file)),
})
