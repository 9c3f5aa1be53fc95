// Records on their way to another machine, or from one: what the programs have written down last.
import { join } from 'node:path'
import { hostPorts } from '../../remote/host-port.js'
import { harmlessText } from '../../protocol/harmless-text.js'
import { readStatus, STATUS_NAME, type ProgramStatus, type StreamStatus } from '../../remote/status.js'
import { MAX_STATUS_BYTES } from '../../remote/status-text.js'
import { textToBytes } from '../byte-text.js'
import { spanText } from '../remote-status-text.js'
import { fail, ok, orOk, quoted, skip, warn, type Check, type Finding } from './check.js'
import type { ShippedPlugin } from './configuration-facts.js'
import { diskAt } from './disks.js'
import { isThere, textOf } from './looking.js'
import type { Survey } from './survey.js'
import type { World } from './world.js'

const MINUTE_MS = 60_000
/** It is written every ten seconds at least. */
const STALE_MS = 2 * MINUTE_MS
/** A connection may well take a moment, or be lost for one. */
const PATIENCE_MS = MINUTE_MS
const LATE_MS = 5 * MINUTE_MS
const MAX_CHARACTERS = 200
const MAX_STREAMS_SHOWN = 10
const ROOT = 0
const TCP_LISTEN = '0A'
const NATIVE_PORT = 6514
const RMW_PORT = 60
const DIR_KEYS: ReadonlyMap<string, readonly [key: string, usual: string]> = new Map([
  ['remote-send', ['spool_dir', '/var/spool/audispd/remote-send']],
  ['remote-recv', ['journal_dir', '/var/lib/audispd/remote-recv']],
])

export const REMOTE_CHECKS: readonly Check[] = [
  { id: 'remote.state', layer: 'remote', run: state },
  { id: 'remote.listening', layer: 'remote', run: listening },
]

/** The status of each program of the pair that is active here; undefined where there is none that could be read. */
export async function remoteStatuses({
  world,
  configuration,
}: Survey): Promise<
  readonly { readonly plugin: ShippedPlugin; readonly dir: string; readonly status: ProgramStatus | undefined }[]
> {
  const { shipped } = await configuration()
  const found = shipped.map(async (plugin) => {
    const [key, usual] = DIR_KEYS.get(plugin.kind) ?? ['', '']
    if (key === '') return []
    const dir = plugin.keys.get(key) ?? usual
    return [{ plugin, dir, status: await statusIn(world, dir) }]
  })
  return (await Promise.all(found)).flat()
}

async function statusIn(world: World, dir: string): Promise<ProgramStatus | undefined> {
  // A file system that hangs is told of with the disks.
  if ((await diskAt(world, dir)) === 'late') return undefined
  const text = await textOf(world.files, join(dir, STATUS_NAME), MAX_STATUS_BYTES)
  const status = text === undefined ? undefined : readStatus(textToBytes(text).toString())
  return status && { ...status, dir }
}

async function state(survey: Survey): Promise<readonly Finding[]> {
  const { world } = survey
  const statuses = await remoteStatuses(survey)
  if (statuses.length === 0) return [skip('neither remote-send nor remote-recv is active')]
  const wrong: Finding[] = []
  for (const { plugin, dir, status } of statuses) {
    const { name } = plugin
    if (status === undefined) {
      wrong.push(await unreadable(world, name, dir))
    } else wrong.push(...(await findingsOf(world, name, status)))
  }
  return orOk(wrong, statuses.map(({ status }) => summaryOf(status)).join(', '))
}

/** Why there is none. Its directory is for nobody to look into but root, and the user that it runs as. */
async function unreadable(world: World, name: string, dir: string): Promise<Finding> {
  const file = join(dir, STATUS_NAME)
  if (await isThere(world.files, file)) {
    if (world.uid !== ROOT) return skip(`${name}: only root may read ${file}`)
    return warn(`${name}: ${file} is no status that can be read`, `audispctl restart ${quoted(name)}`)
  }
  if (world.uid !== ROOT) return skip(`${name}: only root may look into ${dir}`)
  return warn(`${name}: there is no ${STATUS_NAME} in ${dir}: it has not run yet`, `audispctl status ${quoted(name)}`)
}

function summaryOf(status: ProgramStatus | undefined): string {
  const up = status?.streams.filter(({ state: is }) => is === 'up').length ?? 0
  return `${status?.program ?? ''}: ${up} of ${status?.streams.length ?? 0} streams up`
}

async function findingsOf(world: World, name: string, status: ProgramStatus): Promise<Finding[]> {
  const { program, disk, dir, streams } = status
  if (!(await world.isAlive(status)))
    return [fail(`${name}: ${program} does not run`, `audispctl restart ${quoted(name)}`)]
  const ageMs = world.nowMs() - status.writtenMs
  const found: Finding[] = []
  if (ageMs > STALE_MS) {
    found.push(
      fail(`${name}: it has written nothing for ${spanText(ageMs)}: it hangs`, `audispctl restart ${quoted(name)}`),
    )
  }
  if (disk === 'low') found.push(warn(`${name}: the disk of ${dir} is low`, `df -h ${quoted(dir)}`))
  else if (disk !== 'ok')
    found.push(fail(`${name}: the disk of ${dir} is ${disk}: no record is taken`, `df -h ${quoted(dir)}`))
  const perStream = streams.flatMap((stream) => streamFindings(name, status, stream, world.nowMs()))
  found.push(...perStream.slice(0, MAX_STREAMS_SHOWN))
  const more = perStream.length - MAX_STREAMS_SHOWN
  if (more > 0) found.push(warn(`${name}: and ${more} more`, 'audispctl remote status'))
  return found
}

function streamFindings(name: string, { program, dir }: ProgramStatus, stream: StreamStatus, nowMs: number): Finding[] {
  const { state: is, lagRecords, lagMs, holes, losses, forks } = stream
  const whose = stream.principal === '' ? stream.address : stream.principal
  const who = `${name}${whose === '' ? '' : ` (${shown(whose)})`}`
  const found: Finding[] = []
  const lag = lagRecords === 0 ? '' : `; ${lagRecords} records wait, the oldest for ${spanText(lagMs)}`
  // At a collector, a sender may well be switched off.
  if (program === 'remote-send' && is !== 'up' && is !== 'closed') {
    const why = stream.lastError === '' ? '' : `: ${shown(stream.lastError)}`
    const isNew = nowMs - stream.sinceMs < PATIENCE_MS
    found.push(
      (isNew ? warn : fail)(
        `${who}: no records go out, it is ${is}${lag}${why}`,
        `audispctl remote status; audispctl logs ${quoted(name)}`,
      ),
    )
  } else if (lagMs > LATE_MS) {
    found.push(warn(`${who}: it lags behind${lag}`, 'audispctl remote status'))
  }
  const verify = `audispctl remote verify ${quoted(dir)}`
  if (losses.records > 0 || losses.entries > 0)
    found.push(warn(`${who}: ${losses.records} records were lost in ${losses.entries} places`, verify))
  if (holes.entries > 0)
    found.push(
      warn(`${who}: ${holes.records} records are missing in ${holes.entries} places, and will not come`, verify),
    )
  if (forks > 0)
    found.push(warn(`${who}: the stream had to be parted ${forks} times: two machines had the same one`, verify))
  return found
}

/** The collector's ports: nobody is connected to, which would be a client that is refused. */
async function listening({ world, configuration, daemon }: Survey): Promise<readonly Finding[]> {
  const receivers = (await configuration()).shipped.filter(({ kind }) => kind === 'remote-recv')
  if (receivers.length === 0 || (await daemon()).kind !== 'status') return []
  const tables = [await textOf(world.files, '/proc/net/tcp'), await textOf(world.files, '/proc/net/tcp6')]
  const open = new Set(tables.flatMap((table) => listeningPorts(table ?? '')))
  const wrong: Finding[] = []
  const ports: number[] = []
  for (const { name, keys } of receivers) {
    for (const [key, usual] of [
      ['listen', NATIVE_PORT],
      ['rmw_listen', RMW_PORT],
    ] as const) {
      const text = keys.get(key)
      const parsed = text === undefined ? undefined : hostPorts(usual, 'listen')(text)
      for (const { port } of parsed !== undefined && 'value' in parsed ? parsed.value : []) {
        ports.push(port)
        if (open.has(port)) continue
        wrong.push(
          fail(
            `${name}: nobody listens on port ${port}, which ${key} names`,
            `audispctl restart ${quoted(name)}; audispctl logs ${quoted(name)}`,
          ),
        )
      }
    }
  }
  return wrong.length > 0 || ports.length === 0 ? wrong : [ok(`listens on ${ports.join(', ')}`)]
}

function listeningPorts(table: string): number[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , is] = line.trim().split(/\s+/)
    const port = local.split(':')[1]
    return is === TCP_LISTEN && port !== undefined ? [Number.parseInt(port, 16)] : []
  })
}

/** What a peer may have said. */
function shown(text: string): string {
  return harmlessText(text, MAX_CHARACTERS)
}
