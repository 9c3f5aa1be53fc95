// Ours: a dispatcher with remote-send, and a dispatcher with remote-recv or a stock auditd.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '../processes.js'
import { AUDITD_PORT, AUDITD_PROMISE, startAuditd } from './auditd.js'
import { logBytesIn, sizeOf, type Carried, type Carrier } from './carrier.js'
import type { Certificates } from './certificates.js'
import { Daemon } from './daemon.js'
import { isListening } from './own-network.js'

export const NATIVE = 'native, TLS'
export const NATIVE_CLEAR = 'native, no TLS'
export const MANAGED = 'managed into auditd'
export const PORT = 6514
const DURABLE = 'disk, synced'
const DISPATCHER = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const RESTARTS = ['restart_delay = 10ms..100ms', 'max_restarts = 0']

export interface PairOptions {
  readonly records: number
  readonly jitless: boolean
  /** No TLS without. */
  readonly certificates: Certificates | undefined
}

/** The programs of this repository that are measured here. */
type Program = 'remote-send' | 'remote-recv'

export function native({ records, jitless, certificates }: PairOptions): Carrier {
  const subject = certificates === undefined ? NATIVE_CLEAR : NATIVE
  return {
    subject: jitless ? `${subject}, --jitless` : subject,
    side: jitless ? 'ours-jitless' : 'ours',
    promise: DURABLE,
    records,
    open: async (dir) => {
      const collector = await startCollector(dir, { jitless, certificates })
      const sender = await startSender(dir, nativeLines(certificates), jitless)
      return together(
        sender,
        collector.pids,
        () => logBytesIn(collector.journal),
        () => collector.close(),
      )
    },
  }
}

export function managed({ records, jitless }: Omit<PairOptions, 'certificates'>): Carrier {
  return {
    subject: jitless ? `${MANAGED}, --jitless` : MANAGED,
    side: jitless ? 'ours-jitless' : 'ours',
    promise: AUDITD_PROMISE,
    records,
    open: async (dir) => {
      const auditd = await startAuditd(dir)
      const lines = ['protocol = managed', `server = 127.0.0.1:${AUDITD_PORT}`, 'transport = tcp']
      const sender = await startSender(dir, lines, jitless)
      return together(
        sender,
        new Map([['auditd', auditd.pid]]),
        () => sizeOf(auditd.log),
        () => auditd.close(),
      )
    },
  }
}

export interface OwnCollector {
  readonly journal: string
  readonly pids: ReadonlyMap<string, number>
  close(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export async function startCollector(
  dir: string,
  options: Omit<PairOptions, 'records'> & { readonly lines?: readonly string[] },
): Promise<OwnCollector> {
  const place = join(dir, 'collector')
  const journal = join(place, 'journal')
  const { certificates, jitless, lines = [] } = options
  const tls =
    certificates === undefined
      ? ['transport = tcp']
      : [
          `tls_ca = ${certificates.ca}`,
          `tls_cert = ${certificates.collector.cert}`,
          `tls_key = ${certificates.collector.key}`,
        ]
  const conf = [
    `listen = 127.0.0.1:${PORT}`,
    `journal_dir = ${journal}`,
    'node_check = off',
    'allow_file = none',
    ...tls,
    ...lines,
  ]
  const { daemon, pid } = await startDispatcher(place, 'remote-recv', ['direction = in'], conf, jitless)
  await waitUntil(() => isListening(PORT), `remote-recv does not listen: ${daemon.lastWords}`)
  return {
    journal,
    pids: new Map([
      ['remote-recv', pid],
      ["collector's dispatcher", daemon.pid],
    ]),
    close: (signal) => daemon.end(signal),
  }
}

export function nativeLines(certificates: Certificates | undefined): string[] {
  const server = `server = ${certificates === undefined ? '127.0.0.1' : 'localhost'}:${PORT}`
  if (certificates === undefined) return [server, 'transport = tcp']
  const { ca, sender } = certificates
  return [server, `tls_ca = ${ca}`, `tls_cert = ${sender.cert}`, `tls_key = ${sender.key}`]
}

export interface OwnSender {
  readonly daemon: Daemon
  readonly spool: string
  /** Of remote-send. */
  readonly pid: number
}

export async function startSender(dir: string, lines: readonly string[], jitless: boolean): Promise<OwnSender> {
  const place = join(dir, 'sender')
  const spool = join(place, 'spool')
  const conf = [`spool_dir = ${spool}`, 'network_retry_time = 10ms..100ms', ...lines]
  const { daemon, pid } = await startDispatcher(place, 'remote-send', [], conf, jitless)
  return { daemon, pid, spool }
}

function together(
  { daemon, pid }: OwnSender,
  others: ReadonlyMap<string, number>,
  arrivedBytes: () => number,
  close: () => Promise<void>,
): Carried {
  return {
    input: daemon.input,
    arrivedBytes,
    pids: new Map([["sender's dispatcher", daemon.pid], ['remote-send', pid], ...others]),
    close: async () => {
      await daemon.end()
      await close()
    },
  }
}

/** A dispatcher with one plugin, which runs when this resolves. Records come on its standard input as lines. */
async function startDispatcher(
  place: string,
  program: Program,
  dropIn: readonly string[],
  conf: readonly string[],
  jitless: boolean,
): Promise<{ readonly daemon: Daemon; readonly pid: number }> {
  const main = fileURLToPath(new URL(`../../plugins/${program}/main.js`, import.meta.url))
  if (!existsSync(main)) throw new Error(`there is no ${main}`)
  mkdirSync(join(place, 'audispd.d'), { recursive: true })
  const file = join(place, `${program}.conf`)
  write(file, conf)
  write(join(place, 'audispd.conf'), ['self_events = no', 'overflow_action = block'])
  const start = [`path = ${process.execPath}`, `args = ${main} ${file}`, ...RESTARTS]
  write(join(place, 'audispd.d', `${program}.conf`), ['active = yes', 'format = protocol', ...dropIn, ...start])
  const flags = jitless ? ['--jitless'] : []
  const input = dropIn.includes('direction = in') ? 'none' : 'text'
  const run = join(place, 'run')
  const args = [...flags, DISPATCHER, '-c', place, '--run-dir', run, '--input', input]
  const daemon = await Daemon.start([process.execPath, ...args], join(place, 'log'))
  await waitUntil(() => daemon.hasEnded || pidOf(run, program) > 0, `${program} does not start: ${daemon.lastWords}`)
  if (daemon.hasEnded) throw new Error(`the dispatcher of ${program} has ended: ${daemon.lastWords}`)
  return { daemon, pid: pidOf(run, program) }
}

/** As the dispatcher has written it down. */
function pidOf(run: string, program: Program): number {
  if (!existsSync(run)) return 0
  const found = readdirSync(run, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith(`${program}.pid`))
  return found === undefined ? 0 : Number(readFileSync(join(run, found), 'latin1').split(' ')[0])
}

function write(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
}
