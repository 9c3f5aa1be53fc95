import { readFile, rename, rm } from 'node:fs/promises'
import { readAllowList } from '../remote/tls/allow-list.js'
import { writeNew } from './cert-authority.js'
import { CtlError, systemCode } from './ctl-error.js'
import { formatProblem } from '../config.js'

const MODE = 0o644
const HEAD = `# Who may send to the collector, one line each, see remote-recv.conf(5). HUP remote-recv after a change.
`

/** Adds senders to a list that they are not on. */
export async function allow(file: string, principals: readonly string[]): Promise<void> {
  await change(file, (lines) => [
    ...lines,
    ...principals.filter((principal) => !lines.some((line) => nameOf(line) === principal)),
  ])
}

/** Marks senders as revoked, also those that were not on the list. */
export async function revoke(file: string, principals: readonly string[]): Promise<void> {
  await change(file, (lines) => {
    const marked = lines.map((line) => (principals.includes(nameOf(line)) ? revoked(line) : line))
    const missing = principals.filter((principal) => !lines.some((line) => nameOf(line) === principal))
    return [...marked, ...missing.map((principal) => `${principal} revoked`)]
  })
}

/**
 * A list that is none, or would be none, is left alone: the collector would go on with the one that it has, and somebody who was revoked
 * would still be let in.
 */
async function change(file: string, edit: (lines: readonly string[]) => readonly string[]): Promise<void> {
  const old = await readOr(file, HEAD)
  check(old, file, 'put it right first; nothing was changed in it')
  const text = `${edit(old.replace(/\n$/, '').split('\n')).join('\n')}\n`
  if (text === old) return
  check(text, file, 'nothing was changed in it; if the name is an alias there, change that line by hand')
  await rm(`${file}.new`, { force: true })
  await writeNew(`${file}.new`, text, MODE)
  await rename(`${file}.new`, file)
}

function check(text: string, file: string, mend: string): void {
  const { problems } = readAllowList(Buffer.from(text), file)
  if (problems.length === 0) return
  throw new CtlError(
    'config',
    problems.map((problem) => ({ message: formatProblem(problem), mend })),
  )
}

async function readOr(file: string, byDefault: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return byDefault
    throw error
  }
}

function nameOf(line: string): string {
  return line.trim().split(/[ \t]/)[0] ?? ''
}

/** A comment behind the line stays there. */
function revoked(line: string): string {
  const [, words = '', comment = ''] = /^(.*?)([ \t]+#.*)?$/.exec(line.trimEnd()) ?? []
  return /[ \t]revoked(?:[ \t]|$)/i.test(words) ? line : `${words} revoked${comment}`
}
