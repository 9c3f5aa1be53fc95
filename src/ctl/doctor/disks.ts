// Room, inodes and the right to write, wherever records are kept. Programs look: a file system whose server is gone answers nobody.
import { dirname } from 'node:path'
import { type AuditdFacts, valueOf } from './auditd-facts.js'
import { fail, orOk, quoted, skip, warn, type Check, type Finding } from './check.js'
import type { Configuration } from './configuration-facts.js'
import { textOf } from './looking.js'
import type { Survey } from './survey.js'
import { STAT, withParents, type World } from './world.js'

const MIB = 1024 ** 2
const AUDIT_LOG = '/var/log/audit/audit.log'
/** What is left at the least; a share of the whole. */
const FULL_SHARE = 0.01
const LOW_SHARE = 0.05
/** With that much left a small share of a large disk is no reason to worry. */
const PLENTY_BYTES = 20 * 1024 ** 3

export const DISK_CHECKS: readonly Check[] = [{ id: 'disks.room', layer: 'disks', run: room }]

/** A directory in which records, or the log, are kept. */
interface Place {
  readonly dir: string
  readonly what: string
  /** What it takes to have more room there. */
  readonly mend: string
  /** auditd's own limits, below which it acts. */
  readonly leastBytes: number
}

export interface DiskFacts {
  readonly freeBytes: number
  readonly allBytes: number
  readonly freeInodes: number
  readonly allInodes: number
  readonly mountPoint: string
}

async function room(survey: Survey): Promise<readonly Finding[]> {
  const { world } = survey
  const places = placesOf(await survey.auditd(), await survey.configuration())
  const mounts = (await textOf(world.files, '/proc/self/mountinfo')) ?? ''
  const seen = await Promise.all(places.map(async (place) => findingsAt(world, place, mounts)))
  return orOk(seen.flat(), `room in ${places.map(({ dir }) => dir).join(', ')}`)
}

function placesOf(auditd: AuditdFacts, { settings, shipped }: Configuration): Place[] {
  const places = new Map<string, Place>()
  const add = (path: string, place: Omit<Place, 'dir'>): void => {
    const dir = path.replace(/(?<=.)\/+$/, '')
    if (!places.has(dir)) places.set(dir, { dir, ...place })
  }
  for (const { kind, file, keys } of shipped) {
    const mend = (dir: string): string => `du -xh ${quoted(dir)} | sort -h | tail; sensible-editor ${quoted(file)}`
    const given = { 'remote-send': 'spool_dir', 'remote-recv': 'journal_dir', log: 'log_file' }[kind]
    const usual = usualPath(kind)
    if (given === undefined || usual === undefined) continue
    const path = keys.get(given) ?? usual
    const dir = kind === 'log' ? dirname(path) : path
    add(dir, { what: `${given} of ${kind}`, mend: mend(dir), leastBytes: 0 })
  }
  if (settings.log.to === 'file') {
    const dir = dirname(settings.log.path)
    add(dir, { what: "audispd's log", mend: `du -xh ${quoted(dir)} | sort -h | tail`, leastBytes: 0 })
  }
  if (auditd.conf !== undefined && valueOf(auditd.conf, 'write_logs')?.toLowerCase() !== 'no') {
    const dir = dirname(valueOf(auditd.conf, 'log_file') ?? AUDIT_LOG)
    // A percentage is of auditd 2.8 and later; it is left to the shares below.
    const least = Number(valueOf(auditd.conf, 'space_left') ?? 0)
    const mend = `du -xh ${quoted(dir)} | sort -h | tail; service auditd rotate`
    add(dir, { what: "auditd's log", mend, leastBytes: Number.isFinite(least) ? least * MIB : 0 })
  }
  add('/run', { what: 'the run directory', mend: 'du -xh /run | sort -h | tail', leastBytes: 0 })
  return [...places.values()]
}

function usualPath(kind: string): string | undefined {
  return {
    'remote-send': '/var/spool/audispd/remote-send',
    'remote-recv': '/var/lib/audispd/remote-recv',
    log: '/var/log/audispd/audit.log',
  }[kind]
}

async function findingsAt(world: World, place: Place, mounts: string): Promise<readonly Finding[]> {
  const disk = await diskAt(world, place.dir)
  if (disk === 'late') {
    const mend = `umount -f -l ${quoted(place.dir)}, or bring its server back`
    return [fail(`${place.dir} (${place.what}) does not answer: the file system hangs`, mend)]
  }
  if (disk === 'unseen') return [skip(`${place.dir} cannot be looked at`)]
  const { freeBytes, allBytes, freeInodes, allInodes, mountPoint } = disk
  const where = `${place.dir} (${place.what})`
  if (isReadOnly(mounts, mountPoint)) {
    return [fail(`${where} is mounted read-only`, `mount -o remount,rw ${quoted(mountPoint)}`)]
  }
  const found: Finding[] = []
  const left = `${where}: ${Math.floor(freeBytes / MIB)} MiB of ${Math.floor(allBytes / MIB)} MiB are left`
  if (freeBytes < FULL_SHARE * allBytes && freeBytes < PLENTY_BYTES)
    found.push(fail(`${left}: the disk is full`, place.mend))
  else if (freeBytes < place.leastBytes) found.push(warn(`${left}, less than space_left of auditd.conf`, place.mend))
  else if (freeBytes < LOW_SHARE * allBytes && freeBytes < PLENTY_BYTES) found.push(warn(left, place.mend))
  // A file system without a fixed number of inodes says 0.
  if (allInodes > 0 && freeInodes < FULL_SHARE * allInodes) {
    const inodes = `${where}: ${freeInodes} of ${allInodes} inodes are left`
    found.push(
      (freeInodes === 0 ? fail : warn)(
        inodes,
        `find ${quoted(mountPoint)} -xdev -type f | cut -d/ -f1-5 | sort | uniq -c | sort -n | tail`,
      ),
    )
  }
  return found
}

/** The directory, or what there is of it: the plugin makes it when it starts. */
export async function diskAt({ run }: World, dir: string): Promise<DiskFacts | 'late' | 'unseen'> {
  const up = withParents(dir)
  const [space, mount] = await Promise.all([
    run(STAT, ['-f', '-c', '%S %b %a %c %d', '--', ...up]),
    run(STAT, ['-L', '-c', '%m', '--', ...up]),
  ])
  if (space.kind === 'late' || mount.kind === 'late') return 'late'
  if (space.kind === 'absent' || mount.kind === 'absent') return 'unseen'
  // Of those that are there, the first is the nearest.
  const [unit = 0, all = 0, free = 0, allInodes = 0, freeInodes = 0] = firstLine(space.out).split(' ').map(Number)
  if (unit === 0) return 'unseen'
  return { freeBytes: free * unit, allBytes: all * unit, freeInodes, allInodes, mountPoint: firstLine(mount.out) }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}

/** The last mount at a place is the one that is seen. */
function isReadOnly(mounts: string, mountPoint: string): boolean {
  const lines = mounts.split('\n').map((line) => line.split(' '))
  const found = lines.findLast((words) => words[4]?.replaceAll(String.raw`\040`, ' ') === mountPoint)
  if (found === undefined) return false
  const own = found[5]?.split(',') ?? []
  const superOptions = found.at(-1)?.split(',') ?? []
  return own.includes('ro') || superOptions.includes('ro')
}
