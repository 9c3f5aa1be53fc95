// What audispd itself says of its configuration, and its plugins of theirs.
import { formatProblem, printable } from '../../config.js'
import { harmlessText } from '../../protocol/harmless-text.js'
import { configurationOf } from '../own-plugin-check.js'
import { fail, ok, orOk, quoted, skip, warn, type Check, type Finding } from './check.js'
import type { ConfigurationProblem, ShippedPlugin } from './configuration-facts.js'
import { confOf } from './looking.js'
import type { Survey } from './survey.js'
import { NODE_TIMEOUT_MS, type World } from './world.js'

const MAX_SHOWN = 10
const MAX_LINES = 3
const MAX_CHARACTERS = 300
const MAX_LINE_BYTES = 4096
/** Each is a process of Node, which takes a processor for a moment. */
const MAX_CHECKED = 16
/** It has no --check. */
const NOT_ASKED = 'print'

export const CONFIGURATION_CHECKS: readonly Check[] = [
  { id: 'configuration.check', layer: 'configuration', run: check },
  { id: 'configuration.active', layer: 'configuration', run: active },
  { id: 'configuration.ignored', layer: 'configuration', run: ignored },
  { id: 'configuration.masked', layer: 'configuration', run: masked },
  { id: 'configuration.plugins', layer: 'configuration', run: pluginFiles },
  { id: 'configuration.reload', layer: 'configuration', run: reload },
]

async function check({ world, configuration }: Survey): Promise<readonly Finding[]> {
  const { dir, report, noReport, isThere } = await configuration()
  if (report === undefined) return [fail(noReport, 'audispd --check')]
  const problems = [...report.settings.problems, ...report.dropIns.flatMap((dropIn) => dropIn.problems)]
  // That there is none is nothing to be mended line by line.
  if (!isThere) return [skip(`there is no configuration in ${dir}: everything has its default`)]
  // The daemon is root, and may.
  if (world.uid !== 0 && problems.some(({ text }) => text.includes('permission denied'))) {
    return [skip(`only root may read all of ${dir}`)]
  }
  const shown = problems.slice(0, MAX_SHOWN).map(findingOf)
  const more = problems.length - shown.length
  if (more > 0) shown.push(fail(`and ${more} more mistakes`, 'audispd --check'))
  return orOk(shown, `${dir} is well`)
}

function findingOf(problem: ConfigurationProblem): Finding {
  const what = formatProblem(problem)
  return problem.level === 'error' ? fail(what, mendOf(problem)) : warn(what, mendOf(problem))
}

/** The text of a problem ends with what to do where that is known. */
function mendOf({ file, line, key, text }: ConfigurationProblem): string {
  const command = /\((chmod|chown) ([^()]+)\)$/.exec(text)
  if (command !== null) return `${command[1]} ${command[2]} ${quoted(targetIn(text) ?? file)}`
  const meant = /\(did you mean '([a-z_]+)'\?\)$/.exec(text)?.[1]
  if (meant !== undefined && text.startsWith('unknown key')) {
    return `sed -i '${line}s/${key}/${meant}/I' ${quoted(file)} && audispctl reload`
  }
  return line > 0 ? `sensible-editor +${line} ${quoted(file)}, then: audispctl reload` : `ls -l ${quoted(file)}`
}

/** A program's path stands before what is wrong with it. */
function targetIn(text: string): string | undefined {
  return /^(\/.*?) (?:is not executable|belongs to|group|everybody)/.exec(text)?.[1]
}

async function active({ configuration }: Survey): Promise<readonly Finding[]> {
  const { report, dir, isThere } = await configuration()
  if (report === undefined || !isThere) return []
  const names = report.dropIns.filter(({ state }) => state === 'active').map(({ name }) => name)
  if (names.length > 0) return [ok(`active: ${names.join(', ')}`)]
  if (report.dropIns.some(({ state }) => state === 'invalid')) return []
  return [warn(`no plugin is active in ${dir}: records are read, and go nowhere`, 'audispctl enable syslog')]
}

/** A drop-in that would be active under another name. */
async function ignored({ world, configuration }: Survey): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const { state, file } of (await configuration()).report?.dropIns ?? []) {
    if (state !== 'ignored' || !(await isActive(world, file))) continue
    // A copy that an editor or a package manager left has its original beside it.
    if (/\.(?:bak|orig|old|rpmsave|rpmnew|dpkg-\w+)$|~$/.test(file)) continue
    const what = `${file} is active, and its name keeps it from being read: a drop-in is called NAME.conf`
    found.push(warn(what, `mv ${quoted(file)} ${quoted(`${file.replaceAll(/\.[^/]*$/g, '')}.conf`)}`))
  }
  return found
}

/** A drop-in of ours that takes the place of a package's may well be meant so; that one is off is what may be overlooked. */
async function masked({ world, configuration }: Survey): Promise<readonly Finding[]> {
  const dropIns = (await configuration()).report?.dropIns ?? []
  const found: Finding[] = []
  for (const { file, by } of dropIns.filter(({ state }) => state === 'masked')) {
    const isOff = dropIns.some((other) => other.file === by && other.state === 'inactive')
    if (!isOff || !(await isActive(world, file))) continue
    found.push(warn(`${by} is not active, and masks ${file}, which is`, `rm ${quoted(by)} && audispctl reload`))
  }
  return found
}

async function isActive({ files }: World, file: string): Promise<boolean> {
  const conf = await confOf(files, file, MAX_LINE_BYTES)
  return conf?.lines.findLast(({ key }) => key === 'active')?.value.toLowerCase() === 'yes'
}

/** One after the other: there are two processors, or one. */
async function pluginFiles({ world, configuration }: Survey): Promise<readonly Finding[]> {
  const wrong: Finding[] = []
  const shipped = (await configuration()).shipped.filter(({ kind, isOwn }) => isOwn && kind !== NOT_ASKED)
  for (const plugin of shipped.slice(0, MAX_CHECKED)) wrong.push(...(await checkPlugin(world, plugin)))
  return wrong
}

async function checkPlugin({ run }: World, { name, path, args }: ShippedPlugin): Promise<readonly Finding[]> {
  const command = [path, '--check', ...configurationOf(path, args)]
  const ran = await run(path, command.slice(1), NODE_TIMEOUT_MS)
  if (ran.kind === 'absent') return []
  const mend = command.map(quoted).join(' ')
  if (ran.kind === 'late') return [warn(`${name}: its --check does not end`, mend)]
  const said = ran.err.split('\n').filter((line) => line !== '')
  // What else is said of a configuration that is well is no news: who has chosen to send in clear text knows it.
  const lines = ran.status === 0 ? said.filter((line) => line.startsWith('warning: ')) : said
  if (ran.status === 0 && lines.length === 0) return []
  const shown = lines.slice(0, MAX_LINES).map((line) => printable(harmlessText(line, MAX_CHARACTERS)))
  const level = ran.status === 0 ? warn : fail
  return [level(`${name}: ${shown.join('; ')}`, `${mend}, and mend what it names`)]
}

/** What was edited, and is not in force yet. */
async function reload({ daemon }: Survey): Promise<readonly Finding[]> {
  const answer = await daemon()
  if (answer.kind !== 'status' || answer.pending === undefined) return []
  const changes = answer.pending.changes.filter(({ change }) => change !== 'kept' && change !== 'invalid')
  if (changes.length === 0) return [ok('in force')]
  const shown = changes.map(({ name, change }) => `${name} would be ${change}`).join(', ')
  return [warn(`what is on disk is not in force yet: ${shown}`, 'audispctl reload')]
}
