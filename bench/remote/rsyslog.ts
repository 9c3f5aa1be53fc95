// rsyslog with RELP: omrelp on the one side, imrelp on the other. As shipped, queues are in memory, and what is acknowledged may be lost
// with a process; with disk queues that are synced for every record it is on disk on both sides, as far as rsyslog can. With the
// shipped window of 128 frames it waits for delayed TCP acknowledgements most of the time, so it is measured with a wide one as well.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { waitUntil } from '../processes.js'
import { sizeOf, type Carrier } from './carrier.js'
import { Daemon } from './daemon.js'
import { isListening } from './own-network.js'

export const RELP = 'omrelp into imrelp'
export const RELP_WIDE = 'omrelp into imrelp, windowSize=2000'
export const RELP_SYNCED = 'omrelp into imrelp, windowSize=2000, synced disk queues'
const INPUT_PORT = 1514
const RELP_PORT = 2514

interface Settings {
  readonly queue: string
  readonly file: string
  readonly window: string
}

const WIDE_WINDOW = 'windowSize="2000"'
const SHIPPED: Settings = { queue: '', file: '', window: '' }
const SYNCED: Settings = {
  window: WIDE_WINDOW,
  queue: 'queue.type="Disk" queue.filename="queue" queue.syncQueueFiles="on" queue.checkpointInterval="1"',
  file: 'sync="on" flushOnTXEnd="on" asyncWriting="off"',
}

export function hasRsyslog(): boolean {
  return existsSync('/usr/sbin/rsyslogd') && existsSync('/usr/lib/x86_64-linux-gnu/rsyslog/omrelp.so')
}

export function relp(records: number): Carrier {
  return carrier(RELP, 'memory', SHIPPED, records)
}

export function relpWide(records: number): Carrier {
  return carrier(RELP_WIDE, 'memory', { ...SHIPPED, window: WIDE_WINDOW }, records)
}

export function relpSynced(records: number): Carrier {
  return carrier(RELP_SYNCED, 'disk, synced', SYNCED, records)
}

function carrier(subject: string, promise: string, settings: Settings, records: number): Carrier {
  return {
    subject,
    side: 'peer',
    promise,
    records,
    open: async (dir) => {
      const log = join(dir, 'log')
      const receiver = await start(dir, 'imrelp', receiverConf(log, settings), RELP_PORT)
      const sender = await start(dir, 'omrelp', senderConf(settings), INPUT_PORT)
      const input = createConnection(INPUT_PORT, '127.0.0.1')
      return {
        input,
        arrivedBytes: () => sizeOf(log),
        pids: new Map([
          ['omrelp', sender.pid],
          ['imrelp', receiver.pid],
        ]),
        close: async () => {
          input.destroy()
          // What is still in its queues is of no interest, and it would wait for it.
          await sender.end('SIGKILL')
          await receiver.end('SIGKILL')
        },
      }
    },
  }
}

async function start(dir: string, name: string, lines: readonly string[], port: number): Promise<Daemon> {
  const place = join(dir, name)
  mkdirSync(place)
  const conf = join(place, 'conf')
  const globals = `global(workDirectory="${place}" maxMessageSize="64k")`
  writeFileSync(conf, [globals, ...lines, ''].join('\n'))
  const daemon = await Daemon.start(['rsyslogd', '-n', '-f', conf, '-i', join(place, 'pid')], join(place, 'out'))
  await waitUntil(() => daemon.hasEnded || isListening(port), `${name} does not listen`)
  if (daemon.hasEnded) throw new Error(`${name} has ended: ${daemon.lastWords}`)
  return daemon
}

function senderConf({ queue, window }: Settings): string[] {
  const action = `action(type="omrelp" target="127.0.0.1" port="${RELP_PORT}" template="forward" ${window})`
  return [
    'module(load="imptcp")',
    'module(load="omrelp")',
    'template(name="forward" type="string" string="<13>%rawmsg%")',
    `ruleset(name="send" ${queue}) { ${action} }`,
    `input(type="imptcp" port="${INPUT_PORT}" ruleset="send")`,
  ]
}

function receiverConf(log: string, { queue, file }: Settings): string[] {
  return [
    'module(load="imrelp" ruleset="store")',
    'template(name="plain" type="string" string="%rawmsg-after-pri%\\n")',
    `ruleset(name="store" ${queue}) { action(type="omfile" file="${log}" template="plain" ${file}) }`,
    `input(type="imrelp" port="${RELP_PORT}")`,
  ]
}
