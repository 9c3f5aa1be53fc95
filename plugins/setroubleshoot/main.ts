// argv, and the plugin.

import { connect } from 'node:net'
import { errorText } from '../../src/config/disk.js'
import { sayLast } from '../../src/log.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { version } from '../../src/version.js'
import { BusLink } from './bus-link.js'
import { readOptions, type Options, type Settings } from './config.js'
import { Delivery } from './delivery.js'
import { setroubleshoot } from './setroubleshoot.js'
import { Waiting } from './waiting.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_CONFIG = 78

const USAGE = `Usage: audispd-setroubleshoot [OPTION]... [SOCKET]

Hands events about SELinux, whole, to setroubleshootd, as sedispatch does. A plugin of audispd, or of auditd.

SOCKET is that of the system's message bus (/run/dbus/system_bus_socket), through which setroubleshootd is started
and spoken to.

      --check               check the arguments and whether the bus answers, start nothing
      --jitless             first of all, to the launcher alone: run Node without its compiler
      --queue N             how many events wait while setroubleshootd cannot be reached (1000)
      --queue-bytes SIZE    how many bytes they have at most (8M)
      --types TYPES         an event is handed over for a record of one of these types (AVC,SELINUX_ERR)
  -h, --help                this text
      --version             the version

Signals: USR1 writes what was given, refused and dropped into the log, HUP does nothing, TERM and INT end.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol, 70 bug or system call, 78 configuration.
See audispd-setroubleshoot(8).
`

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`audispd-setroubleshoot: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return undefined
  }
}

/** What keeps the plugin from starting, told where it is read also under auditd. */
function fail(text: string): number {
  sayLast(`audispd-setroubleshoot: ${text}`)
  return EXIT_CONFIG
}

async function openBus({ socket }: Settings): Promise<BusLink> {
  return BusLink.open(connect(socket), process.geteuid?.() ?? 0, NODE_CLOCK)
}

async function check(settings: Settings): Promise<number> {
  try {
    const link = await openBus(settings)
    link.close()
    process.stdout.write(`${settings.socket}: well\n`)
    return EXIT_DONE
  } catch (error) {
    return fail(`${settings.socket}: ${errorText(error)}`)
  }
}

async function run(settings: Settings): Promise<number> {
  const voice = new Voice(NODE_CLOCK, (line) => process.stderr.write(line))
  const waiting = new Waiting({ events: settings.queueEvents, bytes: settings.queueBytes })
  const delivery = new Delivery(waiting, async () => openBus(settings), NODE_CLOCK, voice)
  process.on('SIGUSR1', () => {
    voice.log('info', 'state', { ...delivery.state() })
  })
  return runPlugin(setroubleshoot(settings, delivery, voice))
}

const options = optionsOrUsage()
if (options !== undefined && options.mistakes.length > 0 && (options.verb === 'run' || options.verb === 'check')) {
  process.exitCode = fail(options.mistakes.join('\naudispd-setroubleshoot: '))
} else {
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
      process.exitCode = await check(options.settings)
      break
    case 'run':
      process.exitCode = await run(options.settings)
  }
}
