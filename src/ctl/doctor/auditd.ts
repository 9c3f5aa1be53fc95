// auditd: whether it is there and runs, and whether it starts audispd, once.
import { basename } from 'node:path'
import { checkProgram } from '../audispd-program.js'
import { problemText, type Problem } from '../ctl-error.js'
import type { FilePort } from '../host.js'
import type { AuditdFacts, Starter } from './auditd-facts.js'
import { fail, ok, orOk, quoted, skip, warn, type Check, type Finding } from './check.js'
import { textOf } from './looking.js'
import type { Survey } from './survey.js'

const BEGIN = 'audispctl install --dry-run'
const START = 'service auditd start'
/** A SIGHUP is enough for a plugin that is new; what was given up is started by none before 4.1. */
const RESTART = 'service auditd restart'
const OTHERS_WRITE = 0o022
const ROOT = 0

/** Programs of audit's own, and what of ours does the same. */
const SAME_JOB: ReadonlyMap<string, string> = new Map([
  ['audisp-syslog', 'audispd-syslog'],
  ['audisp-af_unix', 'audispd-af-unix'],
  ['builtin_syslog', 'audispd-syslog'],
  ['builtin_af_unix', 'audispd-af-unix'],
  ['audisp-remote', 'audispd-remote-send'],
  ['audisp-filter', 'audispd-filter'],
])

export const AUDITD_CHECKS: readonly Check[] = [
  { id: 'auditd.installed', layer: 'auditd', run: installed },
  { id: 'auditd.running', layer: 'auditd', run: running },
  { id: 'auditd.starts-us', layer: 'auditd', run: startsUs },
  { id: 'auditd.drop-in', layer: 'auditd', run: dropIn },
  { id: 'auditd.child', layer: 'auditd', run: child },
  { id: 'auditd.twice', layer: 'auditd', run: twice },
]

async function installed({ world, auditd }: Survey): Promise<readonly Finding[]> {
  const { isInstalled, version, noVersion } = await auditd()
  if (!isInstalled) return [fail('auditd is not installed', await installCommand(world.files))]
  return version === undefined ? [skip(noVersion)] : [ok(`auditd ${version.text}`)]
}

async function installCommand(files: FilePort): Promise<string> {
  const release = (await textOf(files, '/etc/os-release')) ?? ''
  return /^ID(?:_LIKE)?=.*(?:fedora|rhel|suse)/m.test(release) ? 'dnf install audit' : 'apt-get install auditd'
}

async function running({ auditd }: Survey): Promise<readonly Finding[]> {
  const { isInstalled, process } = await auditd()
  if (!isInstalled) return []
  return process === undefined ? [fail('auditd does not run', START)] : [ok(`runs as pid ${process.pid}`)]
}

async function startsUs(survey: Survey): Promise<readonly Finding[]> {
  const { ours, confFile, pluginDir, rules, isOpen } = await survey.auditd()
  if (!isOpen) return [skip('only root may see what auditd starts')]
  const first = ours.find(({ active }) => active)
  if (first !== undefined) return [ok(`starts ${first.program}`)]
  const starter = await otherStarter(survey)
  if (starter !== '') return [skip(`not told to start audispd, which was started by ${starter}`)]
  const [off] = ours
  if (off !== undefined)
    return [fail(`${off.file}: audispd is not active there, so auditd does not start it`, activate(off))]
  const where = rules?.place === 'dispatcher-line' ? confFile : pluginDir
  return [fail(`auditd is not told to start audispd: nothing in ${where} names it`, BEGIN)]
}

/** Who has started the daemon that runs, as on a collector without auditd; empty if it was auditd, or nobody knows. */
async function otherStarter({ daemon }: Survey): Promise<string> {
  const answer = await daemon()
  return answer.kind === 'status' && answer.status.parent !== 'auditd' ? answer.status.parent : ''
}

/** What would keep auditd from starting it. */
async function dropIn({ world, auditd }: Survey): Promise<readonly Finding[]> {
  const facts = await auditd()
  const starters = facts.ours.filter(({ active }) => active)
  const wrong: Finding[] = []
  for (const starter of starters) wrong.push(...(await refusals(world.files, starter, facts)))
  return wrong
}

async function refusals(files: FilePort, starter: Starter, { rules }: AuditdFacts): Promise<Finding[]> {
  const { file, program, args, conf, kind } = starter
  const found = conf.faults.map(({ line, message }) => fail(`${file}:${line}: ${message}`, BEGIN))
  if (kind === 'drop-in') {
    const { uid, mode } = await files.stat(file)
    const refuses = `${file}: auditd refuses it`
    if (uid !== ROOT) found.push(fail(`${refuses}, as it belongs to user ${uid}`, `chown root:root ${quoted(file)}`))
    if ((mode & OTHERS_WRITE) !== 0) {
      found.push(fail(`${refuses}, as others than root may write it`, `chmod go-w ${quoted(file)}`))
    }
  }
  if (rules === undefined) return found
  if (args.length > rules.maxArgs && kind === 'drop-in') {
    const what = `${file}: ${args.length} words in args, and this auditd takes ${rules.maxArgs}: it refuses the file`
    found.push(fail(what, 'audispctl install --force'))
  }
  const { problems } = await checkProgram(files, program, rules, { root: '/', owner: ROOT })
  return [...found, ...problems.map(asFinding)]
}

function asFinding(problem: Problem): Finding {
  return fail(problemText({ ...problem, mend: '' }).trim(), problem.mend)
}

/** auditd may have given it up, or not yet been told. */
async function child({ auditd, processes }: Survey): Promise<readonly Finding[]> {
  const { process, ours } = await auditd()
  if (process === undefined || !ours.some(({ active }) => active)) return []
  const children = (await processes()).filter(({ name, parent }) => name === 'audispd' && parent === process.pid)
  if (children.length === 0) {
    return [
      fail('auditd runs, but no audispd that it has started', `${RESTART}; if that does not help: audispd --check`),
    ]
  }
  return [ok(`has started audispd, pid ${children.map(({ pid }) => pid).join(' and ')}`)]
}

/** Whatever is done twice, every record comes twice. */
async function twice({ auditd, configuration }: Survey): Promise<readonly Finding[]> {
  const { starters, ours } = await auditd()
  const active = ours.filter((starter) => starter.active)
  const twins = active
    .slice(1)
    .map((starter) =>
      fail(`${starter.file} starts audispd a second time: every record comes twice`, deactivate(starter)),
    )
  if (active.length === 0) return twins
  const mine = new Map(
    ((await configuration()).report?.dropIns ?? [])
      .filter(({ state }) => state === 'active')
      .map(({ path, file }) => [basename(path), file]),
  )
  const doubled = starters
    .filter((starter) => starter.active && !ours.includes(starter))
    .flatMap((starter) => {
      const name = basename(starter.program)
      const by = mine.get(name) ?? mine.get(SAME_JOB.get(name) ?? '')
      if (by === undefined) return []
      const what = `${starter.file} and ${by} do the same: every record is delivered twice, by auditd and by audispd`
      return [warn(what, deactivate(starter))]
    })
  return orOk([...twins, ...doubled], 'nothing is delivered twice')
}

function activate({ file }: Starter): string {
  return `sed -i 's/^ *active .*/active = yes/I' ${quoted(file)} && service auditd reload`
}

function deactivate({ file, kind }: Starter): string {
  if (kind === 'dispatcher-line') return `sed -i '/^ *dispatcher /Id' ${quoted(file)} && service auditd reload`
  return `sed -i 's/^ *active .*/active = no/I' ${quoted(file)} && service auditd reload`
}
