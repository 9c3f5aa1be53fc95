// argv, the socket, and the plugin.

import { execFileSync } from 'node:child_process'
import { errorText } from '../../src/config/disk.js'
import { programName, tellPeople } from '../../src/log/for-people.js'
import { EXIT_CONFIG, EXIT_DONE, fail, runProgram } from '../../src/plugin-program.js'
import { harmlessText } from '../../src/protocol/harmless-text.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { afUnix, tellState } from './af-unix.js'
import { readOptions, type Settings } from './config.js'
import { Crowd } from './crowd.js'
import { isSocketAt, SocketFile, SocketMistake } from '../../src/socket-file.js'
import { listenerOf } from '../../src/socket-listener.js'

const NAME = 'audispd-af-unix'
const EXIT_SYSTEM = 70
const GETENT = '/usr/bin/getent'
const LOOKUP_TIMEOUT_MS = 5000
/** Node, its flag for auditd's unit, and the program. */
const MOST_WORDS_BEFORE_ARGUMENTS = 3
const MAX_SHOWN_CHARACTERS = 80

const USAGE = `Usage: audispd-af-unix [OPTION]... [MODE] [PATH] [string|binary] [QUEUE-DEPTH]
       audispd-af-unix --check [ARGUMENT]...

Gives the records to any number of clients on a Unix stream socket. A plugin of audispd, or of auditd.

The words are those of audisp-af_unix, in any order: the socket's mode in octal (0640), its path
(/var/run/audispd_events), what clients get, and how many records wait for a client (8192). A client that reads
too slowly loses records of its own and of nobody else.

      --check               check the arguments and the path, start nothing
      --group NAME          the group of the socket, by name or number
      --jitless             first of all, to the launcher alone: run Node without its compiler
      --max-clients N       more are refused (100)
      --queue-bytes SIZE    how many bytes wait for a client at most (4M)
      --state FILE          where SIGUSR1 writes the clients' state; without it they go into the log
  -h, --help                this text
      --version             the version

Signals: USR1 writes the clients' state, HUP looks after the socket, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-af-unix(8).
`

function failWith(error: unknown): number {
  return error instanceof SocketMistake
    ? fail(NAME, error.message, EXIT_CONFIG)
    : fail(NAME, errorText(error), EXIT_SYSTEM)
}

/** Undefined: the group that the program runs in. Accounts may come from anywhere, so the system is asked. */
function groupId({ group }: Settings): number | undefined {
  if (group === '') return undefined
  if (/^\d+$/.test(group)) return Number(group)
  try {
    const found = execFileSync(GETENT, ['group', '--', group], {
      env: {},
      timeout: LOOKUP_TIMEOUT_MS,
      encoding: 'utf8',
    })
    return Number(found.split(':')[2])
  } catch {
    // getent(1) says "not found" by its exit status.
    throw new SocketMistake(`--group: there is no group '${group}'`)
  }
}

/** Nobody is connected to: the socket may well be that of the plugin itself, which runs and counts its clients. */
function check(settings: Settings): number {
  const { path } = settings
  try {
    groupId(settings)
    process.stdout.write(`${path}: well${isSocketAt(path) ? whoListens(path) : ''}\n`)
    return EXIT_DONE
  } catch (error) {
    return failWith(error)
  }
}

function whoListens(path: string): string {
  const listener = listenerOf(path)
  switch (listener.kind) {
    case 'nobody':
      return '; a socket that nobody listens on stands there and will be removed'
    case 'unseen':
      return '; somebody listens there, and only root may see whether it is this plugin'
    case 'process': {
      const { pid, words } = listener
      const program = words.slice(0, MOST_WORDS_BEFORE_ARGUMENTS)
      if (program.some((word) => programName(word) === NAME)) return `; process ${pid} of this plugin listens there`
      const other = `process ${pid} (${harmlessText(words.join(' '), MAX_SHOWN_CHARACTERS)})`
      process.stderr.write(
        `warning: ${path} is in use: ${other} listens there. End it before the plugin starts, or give another path\n`,
      )
      return '; but somebody else listens there now'
    }
    default:
      return listener satisfies never
  }
}

/** Listens from the start: under auditd the first record, with which a plugin opens, may be hours away. */
async function run(settings: Settings): Promise<number> {
  const clock = NODE_CLOCK
  const voice = new Voice(clock, tellPeople)
  const crowd = new Crowd(settings, clock, voice)
  let socket: SocketFile
  try {
    const { path, mode } = settings
    socket = await SocketFile.open({ path, mode, gid: groupId(settings) }, (client) => {
      crowd.welcome(client)
    })
  } catch (error) {
    return failWith(error)
  }
  process.on('exit', () => {
    socket.remove()
  })
  const parts = { settings, socket, crowd, clock, voice }
  process.on('SIGUSR1', () => {
    tellState(parts)
  })
  voice.log('info', 'listening for clients', { path: settings.path, format: settings.format })
  return runPlugin(afUnix(parts))
}

await runProgram(NAME, USAGE, {
  read: readOptions,
  perform: ({ verb, settings }) => (verb === 'check' ? check(settings) : run(settings)),
})
