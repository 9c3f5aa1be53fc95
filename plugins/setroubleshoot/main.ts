// argv, and the plugin.

import { connect } from 'node:net'
import { errorText } from '../../src/config/disk.js'
import { tellPeople } from '../../src/log/for-people.js'
import { EXIT_DONE, fail, runProgram } from '../../src/plugin-program.js'
import { NODE_CLOCK } from '../../src/remote/node-world.js'
import { Voice } from '../../src/remote/voice.js'
import { runPlugin } from '../../src/sdk/index.js'
import { BusLink } from './bus-link.js'
import { readOptions, type Settings } from './config.js'
import { Delivery } from './delivery.js'
import { setroubleshoot } from './setroubleshoot.js'
import { Waiting } from './waiting.js'

const NAME = 'audispd-setroubleshoot'

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
    return fail(NAME, `${settings.socket}: ${errorText(error)}`)
  }
}

async function run(settings: Settings): Promise<number> {
  const voice = new Voice(NODE_CLOCK, tellPeople)
  const waiting = new Waiting({ events: settings.queueEvents, bytes: settings.queueBytes })
  const delivery = new Delivery(waiting, async () => openBus(settings), NODE_CLOCK, voice)
  process.on('SIGUSR1', () => {
    voice.log('info', 'state', { ...delivery.state() })
  })
  return runPlugin(setroubleshoot(settings, delivery, voice))
}

await runProgram(NAME, USAGE, {
  read: readOptions,
  perform: ({ verb, settings }) => (verb === 'check' ? check(settings) : run(settings)),
})
