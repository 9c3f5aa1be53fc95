import { dirname, isAbsolute, join, normalize } from 'node:path'
import type { AuditdRules } from './auditd-version.js'
import { systemCode, systemReason, type Problem } from './ctl-error.js'
import type { FilePort } from './host.js'
import { resolveInside } from './rooted-path.js'

/** Where an admin sees programs: a name here outlives the next upgrade, the place it points to may not. */
const STABLE_DIRS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
const MIN_DIRNAME_LENGTH = 4
const OTHERS_WRITE = 0o022
const STICKY = 0o1000

/** `owner` stands for root where a tree is built without being root. */
export interface Tree {
  readonly root: string
  readonly owner: number
}

export interface ProgramReport {
  readonly problems: readonly Problem[]
  /** Doubts that auditd does not have, but root should. */
  readonly notes: readonly string[]
}

/**
 * The name to install for a launcher: a stable name that leads to it, where there is one that only root can change,
 * else the launcher's own path.
 */
export async function stableName(files: FilePort, launcher: string): Promise<string> {
  const real = await follow(files, '/', launcher)
  for (const dir of STABLE_DIRS) {
    const name = `${dir}/audispd`
    const isOurs = real !== undefined && real === (await follow(files, '/', name))
    if (isOurs && (await looseDirectories(files, name, { root: '/', owner: 0 })).length === 0) return name
  }
  return launcher
}

async function follow(files: FilePort, root: string, path: string): Promise<string | undefined> {
  try {
    return await resolveInside(files, root, path)
  } catch {
    // ENOENT and its kin: a name that leads nowhere is no name for the program.
    return undefined
  }
}

/** Checks the program as auditd will, before auditd does. */
export async function checkProgram(
  files: FilePort,
  program: string,
  rules: AuditdRules,
  tree: Tree,
): Promise<ProgramReport> {
  const { root } = tree
  const wording = nameProblems(program)
  if (wording.length > 0) return { problems: wording, notes: [] }
  try {
    const real = join(root, await resolveInside(files, root, program))
    const found = await files.stat(real)
    if (!found.isFile()) {
      const mend = 'give the program itself: --program PATH'
      return { problems: [{ file: program, message: 'is not a regular file', mend }], notes: [] }
    }
    const problems = rightsProblems(real, found, rules, tree.owner).map((problem) => ({ file: program, ...problem }))
    // Under another root a link's target is not where stat would look for it.
    const names = root === '/' ? [program, real] : [real]
    const dirs = await Promise.all(names.map((name) => looseDirectories(files, name, tree)))
    return { problems, notes: replaceable(dirs.flat(), 'the program that auditd runs as root') }
  } catch (error) {
    const mend =
      systemCode(error) === 'ENOENT' ? 'give the path of the audispd launcher: --program PATH' : 'run audispctl as root'
    return { problems: [{ file: program, message: systemReason(error), mend }], notes: [] }
  }
}

function nameProblems(program: string): Problem[] {
  const mend = 'install audispd elsewhere, or make a link to it, and give that: --program PATH'
  if (!isAbsolute(program)) return [{ file: program, message: 'is not an absolute path; auditd has no PATH', mend }]
  if (normalize(program) !== program || program.endsWith('/')) {
    return [{ file: program, message: "is not a plain path: it has '..', '.', '//' or a '/' at its end", mend }]
  }
  if (/[\s\p{Cc}]/u.test(program)) {
    return [{ file: program, message: 'has a blank or a control character; auditd knows no quotes', mend }]
  }
  if (dirname(program).length < MIN_DIRNAME_LENGTH) {
    const message = `auditd refuses a program in ${dirname(program)}: it wants a directory of four characters or more`
    return [{ file: program, message, mend }]
  }
  return []
}

interface Rights {
  readonly uid: number
  readonly mode: number
}

function rightsProblems(real: string, { uid, mode }: Rights, rules: AuditdRules, owner: number): Problem[] {
  const problems: Problem[] = []
  const shown = `0${(mode & 0o777).toString(8)}`
  if (uid !== owner) {
    problems.push({ message: `belongs to uid ${uid}; auditd wants ${owner}`, mend: `chown ${owner}:${owner} ${real}` })
  }
  const isExact = (mode & 0o777) === 0o750 || (mode & 0o777) === 0o755
  if (rules.place === 'dispatcher-line') {
    if (isExact) return problems
    return [
      ...problems,
      { message: `has mode ${shown}; auditd 2.x wants exactly 0750 or 0755`, mend: `chmod 0755 ${real}` },
    ]
  }
  if ((mode & OTHERS_WRITE) !== 0) {
    const message = `has mode ${shown}: others than root may write it`
    problems.push({ message, mend: `chmod go-w ${real}` })
  }
  if ((mode & rules.programMode) !== rules.programMode) {
    const message = `has mode ${shown}; auditd wants at least 0${rules.programMode.toString(8)}`
    problems.push({ message, mend: `chmod 0755 ${real}` })
  }
  return problems
}

/** Whether root alone may replace the node that a launcher runs on; a version manager puts it into somebody's home. */
export async function nodeNotes(files: FilePort, node: string): Promise<string[]> {
  const { uid } = await files.stat(node)
  const dirs = await looseDirectories(files, node, { root: '/', owner: 0 })
  return replaceable(uid === 0 ? dirs : [node, ...dirs], 'the node that audispd runs on as root')
}

/** Who may write a directory above a program may put another program in its place. */
async function looseDirectories(files: FilePort, path: string, { root, owner }: Tree): Promise<string[]> {
  const loose: string[] = []
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    const { uid, mode } = await files.stat(dir)
    const isOpen = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0
    if ((uid !== owner && uid !== 0) || isOpen) loose.push(dir)
    if (dir === root || dir === '/') return loose
  }
}

function replaceable(paths: readonly string[], what: string): string[] {
  return [...new Set(paths)].map((path) => `others than root may write ${path}, and so replace ${what}`)
}
