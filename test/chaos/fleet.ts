// Senders and a collector, each a real dispatcher with a real remote-send or remote-recv, and a bad network between them. At the end
// the oracle reads what is on the disks.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { errorCode } from '../../src/config/error-code.js'
import { runWork } from '../../src/journal/file-port.js'
import { NodeFilePort } from '../../src/journal/node-file-port.js'
import { readJournal, type Reading } from '../models/journal-reading.js'
import { judgeConsumer, Oracle, type SpoolView, type Verdict } from '../models/oracle.js'
import { freePort } from '../free-port.js'
import { FaultProxy } from './fault-proxy.js'
import { Site } from './site.js'

const FIXTURES = resolve('test/fixtures/plugins')
const RESTARTS = ['restart_delay = 10ms..100ms', 'max_restarts = 0', 'ready_timeout = 60s']
const SEND = resolve('build/plugins/remote-send/main.js')
const RECV = resolve('build/plugins/remote-recv/main.js')
/** in-window of the line protocol: what may come again after a death of the collector's dispatcher. */
const WINDOW = 4096

export interface FleetOptions {
  readonly senders: number
  /** More lines for the senders' and for the collector's configuration. */
  readonly send?: readonly string[]
  readonly recv?: readonly string[]
}

/** A sender as the oracle knows it. */
export interface Sender {
  readonly site: Site
  readonly proxy: FaultProxy
  readonly principal: string
  limit: number
}

export class Fleet {
  readonly dir: string
  readonly collector: Site
  readonly senders: Sender[] = []
  readonly oracle = new Oracle()
  /** Deaths of the collector's dispatcher. */
  collectorDeaths = 0
  #isConsumerJudged = true
  /** One run of each sender's dispatcher, and spools that were never set back: then a record's number is its seq, also if it is freed. */
  areNumbersSeqs = false
  /** Of senders that were set back: the last number before that, and what the old copy has. */
  readonly #excused = new Map<string, { readonly upTo: number; readonly kept: ReadonlySet<string> }>()
  readonly #port: number
  readonly #options: FleetOptions

  static async make(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(await freePort(), options)
    for (let n = 1; n <= options.senders; n++) await fleet.addSender(`s${n}`)
    return fleet
  }

  private constructor(port: number, options: FleetOptions) {
    this.#port = port
    this.#options = options
    this.dir = mkdtempSync(join(tmpdir(), 'audispd-chaos-'))
    this.collector = new Site(this.dir, 'collector')
    const { collector } = this
    collector.write(
      'remote-recv.conf',
      [
        `listen = 127.0.0.1:${port}`,
        'transport = tcp',
        'allow_file = none',
        'max_pending_per_address = 100',
        `journal_dir = ${collector.path('journal')}`,
        ...(options.recv ?? []),
        '',
      ].join('\n'),
    )
    program(collector, 'remote-recv', RECV, 'direction = in')
    collector.dropIn('sink', [
      `path = ${process.execPath}`,
      `args = ${join(FIXTURES, 'keeps-what-it-acks.js')} ${collector.path('sink')}`,
      ...RESTARTS,
    ])
  }

  /** A sender of that name behind a proxy of its own. A clone has the name of another one on the network. */
  async addSender(name: string, cloneOf?: Sender): Promise<Sender> {
    const site = new Site(this.dir, name)
    // Without TLS a sender is known by its address.
    const principal = cloneOf?.principal ?? `127.0.0.${10 + this.senders.length}`
    const proxy = await FaultProxy.listen(this.#port, principal)
    this.#configure(site, proxy.port)
    const sender = { site, proxy, principal, limit: 0 }
    this.senders.push(sender)
    return sender
  }

  #configure(site: Site, port: number): void {
    site.write(
      'remote-send.conf',
      [
        `server = 127.0.0.1:${port}`,
        'transport = tcp',
        `spool_dir = ${site.path('spool')}`,
        'network_retry_time = 10ms..200ms',
        ...(this.#options.send ?? []),
        '',
      ].join('\n'),
    )
    program(site, 'remote-send', SEND, '')
    site.dropIn('feeds', [
      'direction = in',
      `path = ${process.execPath}`,
      `args = ${join(FIXTURES, 'feeds-and-remembers.js')} ${site.path('fed')} ${site.name}`,
      ...RESTARTS,
    ])
  }

  start(): void {
    for (const site of this.sites) site.start()
  }

  get sites(): readonly Site[] {
    return [this.collector, ...this.senders.map(({ site }) => site)]
  }

  /** So many more records of a sender. */
  feed(sender: Sender, count: number): void {
    sender.limit += count
    // Never half a number for whoever reads it.
    sender.site.write('fed.limit.new', String(sender.limit))
    renameSync(sender.site.path('fed.limit.new'), sender.site.path('fed.limit'))
  }

  /** What its producer was told to be safe. */
  settled({ site }: Sender): number {
    return Number(/(?:^|\n)A (\d+) \S+\n(?:S [^\n]*\n)*$/.exec(site.read('fed').slice(-8192))?.[1] ?? 0)
  }

  /** Everything that was fed has come out behind the collector. */
  async arrived(): Promise<void> {
    for (const sender of this.senders) {
      const { site, limit } = sender
      await site.until(() => this.settled(sender) >= limit, `all up to ${limit} are settled`)
      const last = ` p=${site.name} n=${limit} `
      if (limit > 0)
        await this.collector.until(() => this.collector.read('sink').includes(last), `the consumer has ${last}`)
    }
  }

  /** All is well again, and what was fed arrives; then one record more of each does. */
  async rest(): Promise<void> {
    this.start()
    for (const { proxy } of this.senders) proxy.faultsOf = () => ({})
    await this.arrived()
    for (const sender of this.senders) this.feed(sender, 1)
    await this.arrived()
  }

  /** The collector's journal is another one than it was: what the consumer has cannot be compared with it any more. */
  forgetConsumer(): void {
    this.#isConsumerJudged = false
  }

  /** The disk of a sender is set back to that: what it had said to be safe since cannot be asked of it. */
  excuse({ site, limit }: Sender, backup: Reading): void {
    this.#excused.set(site.name, { upTo: limit, kept: new Set(backup.blocks.flatMap(({ lines }) => lines)) })
  }

  /** Stops everything in order, reads the disks, and judges. */
  async judge(): Promise<Verdict & { readonly repeats: number; readonly reading: Reading }> {
    for (const site of this.sites) await site.end('SIGTERM')
    const spools: SpoolView[] = []
    for (const { site, principal } of this.senders) {
      this.#hold(site)
      const { blocks } = await readDir(site.path('spool'))
      spools.push({ principal, at: new Map([...this.#freed(site, blocks[0]?.stream ?? ''), ...seqsOf(blocks)]) })
    }
    const reading = await readDir(this.collector.path('journal'))
    const verdict = this.oracle.judgeRest(reading.blocks, spools)
    const lines = reading.blocks.flatMap((block) => block.lines)
    const violations = [...verdict.violations]
    if (reading.damages > 0) violations.push(`${reading.damages} places of the collector's journal cannot be read`)
    const apart = reading.plain.findIndex((line, index) => line !== lines[index])
    if (apart >= 0 || reading.plain.length !== lines.length)
      violations.push(
        `line ${apart} of the plain files is another than by the index, ${reading.plain.length} and ${lines.length} lines`,
      )
    const consumed = this.collector.read('sink').split('\n').slice(0, -1)
    const out = consumed.map((line) => line.slice(line.indexOf(' ') + 1))
    const behind = judgeConsumer(out, lines, this.collectorDeaths, WINDOW)
    if (this.#isConsumerJudged) violations.push(...behind.violations)
    return { ...verdict, reading, repeats: behind.repeats, violations }
  }

  async end(): Promise<void> {
    for (const site of this.sites) await site.crash()
    for (const { proxy } of this.senders) await proxy.close()
    if (process.env['CHAOS_KEEP'] === undefined) rmSync(this.dir, { recursive: true, force: true })
  }

  /** What stood in a spool whose numbers are seqs. */
  #freed(site: Site, stream: string): SpoolView['at'] {
    if (!this.areNumbersSeqs) return new Map()
    return new Map(
      [...site.read('fed').matchAll(/^S (\d+) (\S+)$/gm)].map(([, n, run = '']) => [
        Number(n),
        { stream, text: recordText(site.name, Number(n), run) },
      ]),
    )
  }

  /** What a producer has written down, for the oracle. */
  #hold(site: Site): void {
    const sent = new Map<string, number[]>()
    for (const line of site.read('fed').split('\n')) {
      const [what, n, run = ''] = line.split(' ')
      const seqs = sent.get(run) ?? []
      sent.set(run, seqs)
      if (what === 'S') {
        seqs.push(Number(n))
        this.oracle.issue(site.name, recordText(site.name, Number(n), run))
      } else if (what === 'A') {
        while (seqs[0] !== undefined && seqs[0] <= Number(n))
          this.oracle.oblige(site.name, recordText(site.name, seqs.shift() ?? 0, run))
      }
    }
    const excused = this.#excused.get(site.name)
    if (excused === undefined) return
    const numberOf = (text: string): number => Number(/ n=(\d+) /.exec(text)?.[1])
    this.oracle.forgive(site.name, (text) => numberOf(text) <= excused.upTo && !excused.kept.has(text))
  }
}

/** A drop-in by way of a script, which a test can tell to run the program's next process, or all of them, under something else. */
function program(site: Site, name: string, main: string, direction: string): void {
  const once = site.path(`${name}.once`)
  const always = site.path(`${name}.always`)
  const run = `${process.execPath} ${main} ${site.path(`${name}.conf`)}`
  const script = [
    '#!/bin/sh',
    `[ -f ${always} ] && . ${always}`,
    `if [ -f ${once} ]; then`,
    `  /bin/mv ${once} ${once}.taken`,
    `  . ${once}.taken`,
    'fi',
    `exec $under ${run}`,
    '',
  ]
  writeFileSync(site.path(`${name}.sh`), script.join('\n'), { mode: 0o755 })
  site.dropIn(name, [`path = ${site.path(`${name}.sh`)}`, direction, ...RESTARTS])
}

export async function readDir(dir: string): Promise<Reading> {
  const port = new NodeFilePort(dir)
  try {
    return await runWork(port, readJournal())
  } finally {
    await port.close()
  }
}

/** Also of a machine that runs: what goes meanwhile is not in the copy. */
export function copyDir(from: string, to: string): void {
  if (existsSync(to)) rmSync(to, { recursive: true })
  mkdirSync(to, { mode: statSync(from).mode })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const paths = [join(from, entry.name), join(to, entry.name)] as const
    try {
      if (entry.isDirectory()) copyDir(...paths)
      else copyFileSync(...paths)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
}

/** As feeds-and-remembers.js makes them. */
function recordText(name: string, n: number, run: string): string {
  return `type=USER_CMD msg=audit(1700000000.000:${n}): p=${name} n=${n} run=${run} ${'x'.repeat((n * 37) % 300)}`
}

function seqsOf(blocks: Reading['blocks']): SpoolView['at'] {
  const at = new Map<number, { readonly stream: string; readonly text: string }>()
  for (const { isStated, firstSeq, lines, stream } of blocks) {
    if (!isStated) for (const [index, text] of lines.entries()) at.set(firstSeq + index, { stream, text })
  }
  return at
}
