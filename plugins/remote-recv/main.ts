// argv, and the plugin.

import { parseArgs } from 'node:util'
import { tellPeople } from '../../src/log/for-people.js'
import { COMMON_OPTIONS, oneFile, runProgram, tellCheck, verbOf } from '../../src/plugin-program.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { runPlugin } from '../../src/sdk/index.js'
import { DEFAULT_FILE } from './config-file.js'
import { remoteRecv } from './remote-recv.js'
import { loadSettings } from './settings.js'
import { Voice } from '../../src/remote/voice.js'

const NAME = 'audispd-remote-recv'

const USAGE = `Usage: audispd-remote-recv [FILE]
       audispd-remote-recv --check [FILE]

Takes the records of other machines, and answers when they are on disk. A plugin of audispd, with format = protocol and direction = in.

FILE is a remote-recv.conf (default ${DEFAULT_FILE}).

      --check               read and check the configuration and the files that it names, start nothing
      --jitless             first of all, to the launcher alone: run Node without its compiler
  -h, --help                this text
      --version             the version

Signals: HUP reads the configuration again, USR1 begins a new log, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-remote-recv(8).
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
  const { settings, problems } = loadSettings(file)
  return tellCheck(file, settings !== undefined, problems)
}

async function run(file: string): Promise<number> {
  const voice = new Voice(NODE_CLOCK, tellPeople)
  return runPlugin(remoteRecv(() => loadSettings(file), voice))
}

await runProgram(NAME, USAGE, {
  read: readOptions,
  perform: ({ verb, file }) => (verb === 'check' ? check(file) : run(file)),
})
