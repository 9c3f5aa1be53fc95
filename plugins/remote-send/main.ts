// argv, and the plugin.

import { parseArgs } from 'node:util'
import { tellPeople } from '../../src/log/for-people.js'
import { COMMON_OPTIONS, oneFile, runProgram, tellCheck, verbOf } from '../../src/plugin-program.js'
import { runPlugin } from '../../src/sdk/index.js'
import { DEFAULT_FILE, type FileKind } from './config-file.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { remoteSend } from './remote-send.js'
import { loadSettings } from './settings.js'
import { Voice } from '../../src/remote/voice.js'

const NAME = 'audispd-remote-send'

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
    options: { ...COMMON_OPTIONS, 'audisp-remote': { type: 'string' } },
  })
  const theirs = values['audisp-remote']
  const file = oneFile([...(theirs === undefined ? [] : [theirs]), ...positionals], DEFAULT_FILE)
  return { verb: verbOf(values), file, kind: theirs === undefined ? undefined : 'audisp-remote' }
}

function check({ file, kind }: Options): number {
  const { settings, problems } = loadSettings(file, kind)
  return tellCheck(file, settings !== undefined, problems)
}

async function run({ file, kind }: Options): Promise<number> {
  const voice = new Voice(NODE_CLOCK, tellPeople)
  return runPlugin(remoteSend(() => loadSettings(file, kind), voice))
}

await runProgram(NAME, USAGE, {
  read: readOptions,
  perform: (options) => (options.verb === 'check' ? check(options) : run(options)),
})
