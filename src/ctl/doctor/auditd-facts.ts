import { basename, dirname, join, resolve } from 'node:path'
import { lastLine, type ConfText } from '../auditd-conf.js'
import { findVersion } from '../auditd-place.js'
import { rulesOf, type AuditdRules, type AuditdVersion } from '../auditd-version.js'
import { outOfText } from '../byte-text.js'
import { CtlError, systemCode } from '../ctl-error.js'
import { confOf, isThere, namesIn } from './looking.js'
import { configDirIn, type FoundProcess } from './process-facts.js'
import type { World } from './world.js'

const USUAL_DIR = '/etc/audit'
const USUAL_PLUGIN_DIR = '/etc/audit/plugins.d'
const PROGRAMS = ['/usr/sbin/auditd', '/sbin/auditd', '/usr/local/sbin/auditd']
/** Where a line may be as long as in no release of auditd. */
const ANY_LINE_BYTES = 100_000
const MAX_DROP_INS = 1000

/** A file in auditd's plugin directory, or the dispatcher line of auditd 2.x. */
export interface Starter {
  readonly file: string
  readonly active: boolean
  readonly program: string
  readonly args: readonly string[]
  readonly format: string
  readonly conf: ConfText
  readonly kind: 'drop-in' | 'dispatcher-line'
}

export interface AuditdFacts {
  /** Whether there is an auditd at all. */
  readonly isInstalled: boolean
  /** Whether what it starts may be looked at: its directories are root's alone. */
  readonly isOpen: boolean
  readonly version: AuditdVersion | undefined
  /** Why the version is not known. */
  readonly noVersion: string
  readonly rules: AuditdRules | undefined
  readonly confFile: string
  readonly conf: ConfText | undefined
  readonly pluginDir: string
  readonly process: FoundProcess | undefined
  /** What auditd starts, or would if it were active. */
  readonly starters: readonly Starter[]
  /** Those of them that start audispd. */
  readonly ours: readonly Starter[]
}

/** `holder` is the process that the kernel gives its records to: there may be another auditd, as in a container. */
export async function findAuditdFacts(
  world: World,
  processes: readonly FoundProcess[],
  holder: number,
): Promise<AuditdFacts> {
  const { files } = world
  const all = processes.filter(({ name }) => name === 'auditd')
  const process = all.find(({ pid }) => pid === holder) ?? all[0]
  const confFile = join(configDirIn(process?.args ?? []) ?? USUAL_DIR, 'auditd.conf')
  const isInstalled = await isAnyThere(world, [...PROGRAMS, confFile])
  const { version, noVersion } = await versionOf(world)
  const isOpen = await mayList(world, dirname(confFile))
  const rules = version === undefined ? undefined : rulesOf(version)
  const conf = await confOf(files, confFile, rules?.maxLineBytes ?? ANY_LINE_BYTES)
  const pluginDir = resolve('/', valueOf(conf, 'plugin_dir') ?? USUAL_PLUGIN_DIR)
  const starters =
    rules?.place === 'dispatcher-line' ? dispatcherLine(confFile, conf) : await dropIns(world, pluginDir, rules)
  const ours = starters.filter(({ program }) => basename(program) === 'audispd' || program === world.asked.launcher)
  return { isInstalled, isOpen, version, noVersion, rules, confFile, conf, pluginDir, process, starters, ours }
}

/** The value in force, as an ordinary string. */
export function valueOf(conf: ConfText | undefined, key: string): string | undefined {
  const line = conf && lastLine(conf, key)
  return line === undefined ? undefined : outOfText(line.value)
}

async function isAnyThere({ files }: World, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await isThere(files, path)) return true
  return false
}

async function mayList({ files }: World, dir: string): Promise<boolean> {
  try {
    await files.readdir(dir)
    return true
  } catch (error) {
    // What is not there hides nothing.
    return systemCode(error) !== 'EACCES'
  }
}

async function versionOf(world: World): Promise<Pick<AuditdFacts, 'version' | 'noVersion'>> {
  // A tool that hangs does so under each of its paths.
  const late = new Set<string>()
  const run = async (program: string, args: readonly string[]): Promise<string | undefined> => {
    if (late.has(basename(program))) return undefined
    const ran = await world.run(program, args)
    if (ran.kind === 'late') late.add(basename(program))
    return ran.kind === 'ended' && ran.status === 0 ? ran.out : undefined
  }
  try {
    const { version } = await findVersion({ run }, undefined, '/')
    return { version, noVersion: '' }
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    return { version: undefined, noVersion: error.problems[0]?.message ?? '' }
  }
}

function dispatcherLine(file: string, conf: ConfText | undefined): Starter[] {
  const program = valueOf(conf, 'dispatcher')
  if (conf === undefined || program === undefined) return []
  return [{ file, active: true, program, args: [], format: 'binary', conf, kind: 'dispatcher-line' }]
}

async function dropIns({ files }: World, dir: string, rules: AuditdRules | undefined): Promise<Starter[]> {
  const found: Starter[] = []
  // auditd passes over hidden names and names with more than one dot.
  const names = (await namesIn(files, dir)).filter((name) => /^[^.]+(\.[^.]*)?$/.test(name)).slice(0, MAX_DROP_INS)
  for (const name of names) {
    const file = join(dir, name)
    const conf = await confOf(files, file, rules?.maxLineBytes ?? ANY_LINE_BYTES)
    const program = valueOf(conf, 'path')
    if (conf === undefined || program === undefined) continue
    const active = valueOf(conf, 'active')?.toLowerCase() === 'yes'
    const args = (valueOf(conf, 'args') ?? '').split(' ').filter((word) => word !== '')
    const format = valueOf(conf, 'format')?.toLowerCase() ?? 'string'
    found.push({ file, active, program, args, format, conf, kind: 'drop-in' })
  }
  return found
}
