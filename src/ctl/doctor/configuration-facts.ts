import { basename, dirname, join } from 'node:path'
import { readEntries } from '../../config.js'
import { fields, list, number, oneOf, text, yesNo, type Shape, type Shaped } from '../../config/json-shape.js'
import { DEFAULT_SETTINGS, readSettings, type Settings } from '../../dispatcher/settings.js'
import { textToBytes } from '../byte-text.js'
import type { FilePort } from '../host.js'
import { resolveInside } from '../rooted-path.js'
import type { AuditdFacts } from './auditd-facts.js'
import { isThere, textOf } from './looking.js'
import { configDirIn } from './process-facts.js'
import { NODE_TIMEOUT_MS, type World } from './world.js'

const USUAL_DIR = '/etc/audispd'
const MAX_TEXT = 100_000
const MAX_LISTED = 100_000

const words = text(MAX_TEXT)
const problem = fields({
  level: oneOf(['error', 'warning']),
  file: words,
  line: number,
  key: words,
  text: words,
})
const dropIn = fields({
  name: words,
  file: words,
  state: oneOf(['active', 'inactive', 'invalid', 'ignored', 'masked', 'directory']),
  problems: list(problem, MAX_LISTED),
  path: orElse(words, ''),
  args: orElse(list(words, MAX_LISTED), []),
  format: orElse(words, ''),
  by: orElse(words, ''),
})
/** What `audispd --check --json` prints. */
const report = fields({
  ok: yesNo,
  settings: fields({ problems: list(problem, MAX_LISTED) }),
  dropIns: list(dropIn, MAX_LISTED),
})

export type ConfigurationProblem = Shaped<typeof problem>
export type DropInFacts = Shaped<typeof dropIn>
export type ConfigurationReport = Shaped<typeof report>

/** A shipped plugin that is active, and the configuration file that it reads. */
export interface ShippedPlugin {
  readonly name: string
  readonly path: string
  readonly args: readonly string[]
  /** Such as `remote-send`. */
  readonly kind: string
  /** Whether it came with this audispctl; another program of that name is not run. */
  readonly isOwn: boolean
  readonly file: string
  /** The keys in force, by name; values that are not set are not in it. */
  readonly keys: ReadonlyMap<string, string>
}

export interface Configuration {
  readonly dir: string
  /** What the command line of audispd has to say for it; none for the usual one. */
  readonly dirArgs: readonly string[]
  /** Whether there is any at all. */
  readonly isThere: boolean
  readonly settings: Settings
  readonly socket: string
  /** undefined: audispd did not say, for the reason `noReport`. */
  readonly report: ConfigurationReport | undefined
  readonly noReport: string
  readonly shipped: readonly ShippedPlugin[]
}

/** The configuration that auditd gives to audispd, or that was asked for. */
export async function findConfiguration(world: World, auditd: AuditdFacts): Promise<Configuration> {
  const { files, asked } = world
  const named = asked.configDir ?? configDirIn(auditd.ours.find(({ active }) => active)?.args ?? [])
  // A directory that holds neither is not ours: so audispd takes it.
  const dir = named !== undefined && (await holdsConfiguration(world, named)) ? named : USUAL_DIR
  const dirArgs = dir === USUAL_DIR ? [] : ['-c', dir]
  const file = await textOf(files, join(dir, 'audispd.conf'))
  const settings = file === undefined ? DEFAULT_SETTINGS : readSettings(textToBytes(file), 'audispd.conf').settings
  const checked = await check(world, dirArgs)
  return {
    dir,
    dirArgs,
    isThere: await holdsConfiguration(world, dir),
    settings,
    socket: asked.socket ?? settings.controlSocket,
    ...checked,
    shipped: await shippedAmong(world, checked.report),
  }
}

async function holdsConfiguration({ files }: World, dir: string): Promise<boolean> {
  return (await isThere(files, join(dir, 'audispd.conf'))) || isThere(files, join(dir, 'audispd.d'))
}

/** A process of its own: it follows the paths in the drop-ins, wherever they lead. */
async function check(
  { run, asked }: World,
  dirArgs: readonly string[],
): Promise<Pick<Configuration, 'report' | 'noReport'>> {
  const ran = await run(asked.launcher, [...dirArgs, '--check', '--json'], NODE_TIMEOUT_MS)
  if (ran.kind === 'absent') return { report: undefined, noReport: `${asked.launcher} cannot be run` }
  if (ran.kind === 'late') return { report: undefined, noReport: 'audispd --check does not end' }
  const read = report(parsed(ran.out))
  const said = ran.err.trim().split('\n')[0] ?? ''
  return { report: read, noReport: read === undefined ? `audispd --check has failed: ${said}` : '' }
}

async function shippedAmong(
  { files, asked }: World,
  checked: ConfigurationReport | undefined,
): Promise<ShippedPlugin[]> {
  const found: ShippedPlugin[] = []
  const ownDir = dirname(await realPath(files, asked.launcher))
  for (const { name, path, args, state } of checked?.dropIns ?? []) {
    const kind = /^audispd-([a-z-]+)$/.exec(basename(path))?.[1]
    if (state !== 'active' || kind === undefined) continue
    const file = args.find((arg) => arg.startsWith('/') && arg.endsWith('.conf')) ?? `${USUAL_DIR}/${kind}.conf`
    const { entries } = readEntries(textToBytes((await textOf(files, file)) ?? ''), file)
    const keys = new Map(entries.filter(({ value }) => value !== '').map(({ key, value }) => [key, value]))
    const isOwn = dirname(await realPath(files, path)) === ownDir
    found.push({ name, path, args, kind, isOwn, file, keys })
  }
  return found
}

async function realPath(files: FilePort, path: string): Promise<string> {
  try {
    return await resolveInside(files, '/', path)
  } catch {
    // ENOENT: audispd --check says so.
    return path
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function orElse<T>(shape: Shape<T>, absent: T): Shape<T> {
  return (value) => (value === undefined ? absent : shape(value))
}
