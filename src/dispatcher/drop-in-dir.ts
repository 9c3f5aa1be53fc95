import { basename, join, resolve } from 'node:path'
import { watch, type FSWatcher } from 'chokidar'
import type { Problem } from '../config.js'
import { didYouMean } from '../config/did-you-mean.js'
import { SYSTEM_CLOCK, type Clock } from './clock.js'
import { trustAt, withPluginDir, type ConfigPlace } from './config-place.js'
import { digestOf, list } from './dir-listing.js'
import { REAL_DISK, type Disk } from '../config/disk.js'
import { loadDropIn } from './drop-in-file.js'
import { dropInName } from './drop-in-name.js'
import type { DropIn } from './drop-in.js'
import type { Trust } from '../config/file-trust.js'
import type { Settings } from './settings.js'

/**
 * Editors write in several steps; this long after the last of them the directories are looked at. It must be longer than
 * the 50 ms in which chokidar swallows a second change of a file, and the 100 ms in which it waits for an unlinked one.
 */
const SETTLE_MS = 200
/** A watcher goes blind without a word when its directory is replaced, so the directories are looked at anyway. */
const RESCAN_MS = 30_000

/** What is known of one file, or of a whole directory. */
export type DropInReport = { readonly name: string; readonly file: string; readonly problems: readonly Problem[] } & (
  | { readonly kind: 'active' | 'inactive'; readonly dropIn: DropIn; readonly fingerprint: string }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'ignored'; readonly reason: string }
  /** A later directory has a file of the same name. */
  | { readonly kind: 'masked'; readonly by: string }
  /**
   * The directory itself, with an empty name: none exists (a warning), or this one cannot be read. After such an error
   * the reports are not all there is, and whoever holds an older state had better keep it.
   */
  | { readonly kind: 'directory' }
)

/** What the reading of all directories goes by, and the names that have been taken so far. */
interface Reading {
  readonly place: ConfigPlace
  readonly settings: Settings
  readonly only: readonly string[] | undefined
  readonly trust: Trust
  readonly disk: Disk
  readonly takenBy: Map<string, string>
}

export interface WatchOptions {
  /** Told of each trouble of the watcher, such as inotify's limits; the rescan goes on without it. */
  readonly onTrouble?: (error: unknown) => void
  readonly clock?: Pick<Clock, 'after'>
  readonly disk?: Disk
}

/**
 * Reads all drop-ins, sorted by name. With `only`, the drop-ins of these names are active whatever they say, and all
 * others are not; for a name that nothing bears there is an invalid report.
 */
export function readDropIns(
  place: ConfigPlace,
  settings: Settings,
  only?: readonly string[],
  disk: Disk = REAL_DISK,
): DropInReport[] {
  const dirs = withPluginDir(place, settings).dropInDirs
  const reading = { place, settings, only, trust: trustAt(place, disk), disk, takenBy: new Map<string, string>() }
  const reports: DropInReport[] = []
  let existing = 0
  // From the last directory to the first: whoever comes first here masks.
  for (const dir of dirs.toReversed()) {
    const listing = list(dir, disk)
    if (listing.kind === 'absent') continue
    existing++
    if (listing.kind === 'unreadable') reports.push(aboutDirectory(dir, 'error', `cannot be read: ${listing.text}`))
    else for (const fileName of listing.names) reports.push(...reportOn(dir, fileName, reading))
  }
  if (existing === 0) {
    reports.push(aboutDirectory(dirs.at(-1) ?? '', 'warning', 'does not exist, so there are no plugins'))
  }
  const known = reports.filter(({ kind }) => kind !== 'ignored' && kind !== 'directory').map(({ name }) => name)
  for (const name of new Set(only)) if (!known.includes(name)) reports.push(noSuchDropIn(name, dirs, known))
  return reports.sort((a, b) => compare(a.name, b.name))
}

/**
 * Calls onHint when the drop-ins have changed on disk. It is a hint and no more: the directories are to be read again.
 * Start the watch before the first reading, so that nothing falls in between.
 */
export function watchDropIns(
  place: ConfigPlace,
  onHint: () => void,
  options: WatchOptions = {},
): { close(): Promise<void> } {
  const dirs = place.dropInDirs.map((dir) => resolve(dir))
  return new DropInWatch(dirs, onHint, options)
}

/**
 * Events only say when to look; whether anything has changed, a digest of the directories says. So a flood of events is
 * one look, an editor's swap file is nothing, and what the events missed is found by the rescan. A watcher whose directory
 * has been replaced is blind, and nothing tells: so after each change a new one takes its place.
 */
class DropInWatch {
  readonly #dirs: readonly string[]
  readonly #onHint: () => void
  readonly #onTrouble: (error: unknown) => void
  readonly #clock: Pick<Clock, 'after'>
  readonly #disk: Disk
  readonly #closing = new Set<Promise<void>>()
  #digest: string
  #watcher: FSWatcher
  #cancelSettling: (() => void) | undefined
  #cancelRescan: () => void

  constructor(dirs: readonly string[], onHint: () => void, options: WatchOptions) {
    this.#dirs = dirs
    this.#onHint = onHint
    this.#onTrouble = options.onTrouble ?? (() => {})
    this.#clock = options.clock ?? SYSTEM_CLOCK
    this.#disk = options.disk ?? REAL_DISK
    this.#digest = digestOf(dirs, this.#disk)
    this.#watcher = this.#watch()
    this.#cancelRescan = this.#clock.after(RESCAN_MS, () => this.#rescan())
  }

  async close(): Promise<void> {
    this.#cancelSettling?.()
    this.#cancelRescan()
    this.#retire()
    await Promise.all(this.#closing)
  }

  #watch(): FSWatcher {
    const isNoDropIn = (path: string) => !this.#dirs.includes(path) && dropInName(basename(path)).kind === 'ignored'
    const watcher = watch([...this.#dirs], { ignoreInitial: true, depth: 0, ignored: isNoDropIn })
    const stir = () => this.#stir()
    watcher.on('all', stir)
    // What changed between the last look and now had no watcher.
    watcher.on('ready', stir)
    watcher.on('error', (error) => this.#onTrouble(error))
    return watcher
  }

  #stir(): void {
    this.#cancelSettling?.()
    this.#cancelSettling = this.#clock.after(SETTLE_MS, () => this.#look())
  }

  #rescan(): void {
    this.#cancelRescan = this.#clock.after(RESCAN_MS, () => this.#rescan())
    this.#look()
  }

  #look(): void {
    this.#cancelSettling?.()
    this.#cancelSettling = undefined
    const digest = digestOf(this.#dirs, this.#disk)
    if (digest === this.#digest) return
    this.#digest = digest
    this.#retire()
    this.#watcher = this.#watch()
    this.#onHint()
  }

  #retire(): void {
    const watcher = this.#watcher
    const closing = watcher.close().finally(() => this.#closing.delete(closing))
    // close() takes the listeners away, and an error of what it was still reading must not end the daemon.
    watcher.on('error', () => {})
    this.#closing.add(closing)
  }
}

function reportOn(dir: string, fileName: string, reading: Reading): DropInReport[] {
  const file = join(dir, fileName)
  const parsed = dropInName(fileName)
  if (parsed.kind === 'ignored') return [{ name: fileName, file, kind: 'ignored', reason: parsed.reason, problems: [] }]
  const { name } = parsed
  const by = reading.takenBy.get(name)
  if (by !== undefined) return [{ name, file, kind: 'masked', by, problems: [] }]
  const report = parsed.kind === 'invalid' ? invalid(name, file, parsed.text) : readFrom(dir, name, file, reading)
  if (report === undefined) return []
  reading.takenBy.set(name, file)
  return [report]
}

function readFrom(dir: string, name: string, file: string, reading: Reading): DropInReport | undefined {
  const { place, settings, only, trust, disk } = reading
  const active = only?.includes(name)
  const verdict = loadDropIn({ name, file, settings, relativePaths: place.explicit, active }, trust, disk)
  if (verdict.kind !== 'absent') return { name, file, ...verdict }
  // Listed, and yet not there: removed in between, or a link to nothing.
  const again = list(dir, disk)
  const isListed = again.kind === 'names' && again.names.includes(basename(file))
  return isListed ? invalid(name, file, 'is a symbolic link to nothing') : undefined
}

function invalid(name: string, file: string, text: string): DropInReport {
  return { name, file, kind: 'invalid', problems: [{ level: 'error', file, line: 0, key: '', text }] }
}

function aboutDirectory(dir: string, level: Problem['level'], text: string): DropInReport {
  return { name: '', file: dir, kind: 'directory', problems: [{ level, file: dir, line: 0, key: '', text }] }
}

function noSuchDropIn(name: string, dirs: readonly string[], known: readonly string[]): DropInReport {
  const file = join(dirs.at(-1) ?? '', `${name}.conf`)
  return invalid(
    name,
    file,
    `there is no drop-in '${name}' in ${dirs.join(' or ')}${didYouMean(name.replace(/\.conf$/, ''), known)}`,
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
