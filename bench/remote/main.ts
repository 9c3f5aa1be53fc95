// What `npm run bench` runs for the remote pair, in a network of its own.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loads, lookAtMachine } from '../machine.js'
import { readOptions, type Options } from '../options.js'
import { spreadOf } from '../statistics.js'
import { audispRemote } from './auditd.js'
import type { Carrier } from './carrier.js'
import { carry, type Carrying } from './carry.js'
import { makeCertificates, type Certificates } from './certificates.js'
import { measureDelays } from './delays.js'
import { measureFleet, measureUnderAttack, type FleetOptions } from './fleet.js'
import { measureGroupCommit } from './group-commit.js'
import { measureOutage } from './outage.js'
import { furnishNetwork, leaveNetwork } from './own-network.js'
import { managed, native } from './pair.js'
import { remotePlot } from './remote-plot.js'
import { remoteReportOf } from './remote-report.js'
import type { DelayRow, Failed, FleetRow, OutageRow, RateRow, RemoteResults } from './results.js'
import { hasRsyslog, relp, relpSynced, relpWide } from './rsyslog.js'

const COMMITS = [1, 10, 100, 500]
const COMMIT_MILLIS = 1000
const DELAY_SAMPLES = 500
const OUTAGE_RECORDS = 1_000_000
/** Of a full run, in a quick one. */
const QUICK_SHARE = 0.1

const options = readOptions(process.argv.slice(2))
const base = mkdtempSync(join(tmpdir(), 'audispd-bench-'))
let runs = 0
try {
  furnishNetwork(base)
  const results = await measure()
  const report = `${remoteReportOf(results)}\n`
  process.stdout.write(report)
  if (options.out !== undefined) {
    mkdirSync(options.out, { recursive: true })
    writeFileSync(join(options.out, 'remote.md'), report)
    writeFileSync(join(options.out, 'remote.json'), `${JSON.stringify(results, undefined, 2)}\n`)
    writeFileSync(join(options.out, 'remote.svg'), remotePlot(results))
  }
} finally {
  leaveNetwork()
  rmSync(base, { recursive: true, force: true })
}

async function measure(): Promise<RemoteResults> {
  const machine = lookAtMachine('Node')
  const certificates = makeCertificates(base)
  const commits = COMMITS.map((records) => measureGroupCommit(newDir(), records, few(COMMIT_MILLIS)))
  say('group commits done')
  const carriers = carriersOf(certificates)
  const rates = await measureRates(carriers, options)
  const delays: DelayRow[] = []
  for (const carrier of carriers) delays.push(await delaysOf(carrier))
  say('delays done')
  const fleets: FleetRow[] = []
  for (const plan of fleetsOf(certificates)) fleets.push(await fleetOf(plan))
  say('fleets done')
  const attacked = await tried(() => measureUnderAttack(newDir(), certificates, few(500)))
  const attack = 'kind' in attacked ? attacked : ({ kind: 'attack', ...attacked } as const)
  say('attack done')
  const outages: OutageRow[] = []
  for (const jitless of [false, true]) outages.push(await outageOf(jitless, certificates))
  const loaded = { ...machine, loadAfter: loads() }
  return { machine: loaded, peers: versions(), options, commits, rates, delays, fleets, outages, attack }
}

function carriersOf(certificates: Certificates): Carrier[] {
  const relps = hasRsyslog() ? [relp(few(5000)), relpWide(few(50_000)), relpSynced(few(3000))] : []
  return [
    audispRemote(few(50_000)),
    ...relps,
    native({ records: few(300_000), jitless: false, certificates }),
    native({ records: few(300_000), jitless: false, certificates: undefined }),
    native({ records: few(100_000), jitless: true, certificates }),
    managed({ records: few(200_000), jitless: false }),
    managed({ records: few(100_000), jitless: true }),
  ]
}

function fleetsOf(certificates: Certificates): FleetOptions[] {
  const waiting = [1, 10, 100, 500].flatMap((senders) => {
    const blocks = Math.ceil(few(senders === 1 ? 2000 : 30_000) / senders)
    const plan = { senders, blocks, recordsABlock: 1, window: 1, jitless: false }
    return [
      { ...plan, certificates: undefined },
      { ...plan, certificates },
      ...(senders === 100 ? [{ ...plan, certificates, jitless: true }] : []),
    ]
  })
  const pipelined = { senders: 100, blocks: few(1000), recordsABlock: 1, window: 16, jitless: false, certificates }
  const streaming = [1, 10, 100, 500].map((senders) => {
    const blocks = Math.ceil(few(4000) / senders)
    return { senders, blocks, recordsABlock: 64, window: 4, jitless: false, certificates }
  })
  return [...waiting, pipelined, ...streaming]
}

/** Everything that is compared stands side by side in one round, so that whatever else the machine does meets all of it alike. */
async function measureRates(carriers: readonly Carrier[], { rounds }: Options): Promise<RateRow[]> {
  const runsOf = carriers.map((): (Carrying | Failed)[] => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [index, carrier] of carriers.entries()) {
      runsOf[index]?.push(await tried(() => carry(carrier, newDir())))
      say(`round ${round} of ${rounds}: ${carrier.subject}`)
    }
  }
  return carriers.map(({ subject, side, promise, records }, index) => ({
    subject,
    side,
    promise,
    records,
    result: rateOf(runsOf[index] ?? []),
  }))
}

/** One run that did not come to its end is what is told: the rate of the others would flatter. */
function rateOf(found: readonly (Carrying | Failed)[]): RateRow['result'] {
  const done: Carrying[] = []
  for (const one of found) {
    if ('kind' in one) return one
    done.push(one)
  }
  const programs = Object.keys(done[0]?.cpuMicros ?? {})
  const cpu = programs.map((name) => [name, spreadOf(done.map((one) => (one.cpuMicros[name] ?? 0) / one.records))])
  return {
    kind: 'rate',
    perSecond: spreadOf(done.map(({ records, ms }) => (records * 1000) / ms)),
    cpuMicros: Object.fromEntries(cpu),
  }
}

async function delaysOf(carrier: Carrier): Promise<DelayRow> {
  const { subject, side, promise } = carrier
  const found = await tried(() => measureDelays(carrier, newDir(), few(DELAY_SAMPLES)))
  return { subject, side, promise, result: 'kind' in found ? found : { kind: 'delays', ...found } }
}

async function fleetOf(plan: FleetOptions): Promise<FleetRow> {
  const { senders, recordsABlock, window, jitless, certificates } = plan
  const found = await tried(() => measureFleet(newDir(), plan))
  const result = 'kind' in found ? found : { kind: 'run' as const, ...found }
  return { senders, recordsABlock, window, jitless, isTls: certificates !== undefined, result }
}

async function outageOf(jitless: boolean, certificates: Certificates): Promise<OutageRow> {
  const found = await tried(() => measureOutage(newDir(), { records: few(OUTAGE_RECORDS), jitless, certificates }))
  say(`outage${jitless ? ', --jitless' : ''} done`)
  return { jitless, result: 'kind' in found ? found : { kind: 'outage', ...found } }
}

async function tried<T>(run: () => Promise<T>): Promise<T | Failed> {
  try {
    return await run()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    say(`failed: ${reason}`)
    return { kind: 'failed', reason }
  }
}

function versions(): string[] {
  return ['auditd', 'audispd-plugins', 'rsyslog', 'rsyslog-relp'].flatMap((name) => {
    try {
      return [`${name} ${execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' })}`]
    } catch {
      // Not installed, or no Debian.
      return []
    }
  })
}

function few(count: number): number {
  return options.isQuick ? Math.ceil(count * QUICK_SHARE) : count
}

function newDir(): string {
  const dir = join(base, String(++runs))
  mkdirSync(dir)
  return dir
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
}
