import { parseArgs } from 'node:util'
import { HARMLESS, type Finding, type Verification } from '../journal/judge.js'
import { verify } from '../journal/verify.js'
import { harmlessText } from '../protocol/harmless-text.js'
import { asciiJson } from '../show/ascii-json.js'
import type { Host } from './host.js'
import { journalDirs, runOn } from './journal-dir.js'
import { orUsage } from './verb-options.js'

const VERB = 'remote verify'
const EXIT_FOUND = 1
const MAX_NAME_CHARACTERS = 255

const HELP = `usage: audispctl remote verify [--json] [DIR ...]

Reads every byte of a journal again, and says what is missing, repeated, changed or in another place than it belongs, and
every HOLE and LOSS that is entered. It changes nothing, and the journal may be in use.

  DIR      a spool_dir or journal_dir
           (default: those that the configuration names)
  --json   one JSON object

Exit status: 0 all is there, ${EXIT_FOUND} something was found.
See audispctl(8).
`

export const REMOTE_VERIFY_OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Judges the journals of this machine. */
export async function remoteVerify(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: REMOTE_VERIFY_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const journals: (Verification & { readonly dir: string })[] = []
  for (const dir of await journalDirs(positionals)) {
    const verification = await runOn(dir, verify())
    journals.push({ dir, ...verification })
    if (!values.json) host.out(verificationAsText(dir, verification))
  }
  const exitStatus = journals.some(hasFault) ? EXIT_FOUND : 0
  if (values.json) host.out(`${asciiJson({ verb: VERB, journals, exitStatus }, 2)}\n`)
  return exitStatus
}

/** More findings than are kept are none that anybody has called harmless. */
function hasFault({ findings, findingCount }: Verification): boolean {
  return findingCount > findings.length || findings.some(({ kind }) => !HARMLESS.has(kind))
}

function verificationAsText(dir: string, verification: Verification): string {
  const { segments, blocks, lines, streams, findings, findingCount } = verification
  const counts = `${segments} segments, ${blocks} blocks, ${lines} records, ${streams} streams`
  const more = findingCount - findings.length
  const rest = more > 0 ? `  and ${more} more\n` : ''
  const verdict = findingCount === 0 ? 'all is there' : `${findingCount} found`
  return `${dir}: ${counts}: ${verdict}\n${findings.map(findingAsText).join('')}${rest}`
}

function findingAsText({ kind, segment, principal, stream, first, last, detail }: Finding): string {
  const whose = stream === '' ? '' : ` of ${nameOf(principal)} ${stream}`
  const seqs = first === 0 ? '' : first === last ? ` seq ${first}` : ` seqs ${first} to ${last}`
  const where = segment === '' ? '' : ` in ${segment}`
  const what = detail === '' ? '' : ` (${harmlessText(detail, MAX_NAME_CHARACTERS)})`
  return `  ${kind}${seqs}${whose}${where}${what}\n`
}

function nameOf(principal: string): string {
  return principal === '' ? 'its own' : harmlessText(principal, MAX_NAME_CHARACTERS)
}
