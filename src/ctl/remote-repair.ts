import { parseArgs } from 'node:util'
import { runWork } from '../journal/file-port.js'
import type { Gap } from '../journal/gap.js'
import { gapRecord } from '../journal/gap-record.js'
import { Journal } from '../journal/journal.js'
import type { OpeningReport } from '../journal/opening.js'
import { idxName, logName } from '../journal/segment-name.js'
import { TrialPort, type Change } from '../journal/trial-port.js'
import { harmlessText } from '../protocol/harmless-text.js'
import { asciiJson } from '../show/ascii-json.js'
import type { Host } from './host.js'
import { journalDirs, readJournal } from './journal-dir.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'remote repair'
const EXIT_DAMAGED = 1
const MAX_NAME_CHARACTERS = 255
/** Nobody reads the lines of a plan. */
const NOBODY = { pid: 0, uid: 0, auid: 0, ses: 0 }

const HELP = `usage: audispctl remote repair --plan [--json] [DIR ...]

Says what the next start would do to a journal as it lies there now, and does nothing: what it would cut as unfinished, set
aside in quarantine/, enter as LOSS and write anew. The start itself does it; there is no other repair.

  DIR      a spool_dir or journal_dir
           (default: those that the configuration names)
  --plan   needed, so that nobody expects more
  --json   one JSON object

Exit status: 0 nothing is damaged, ${EXIT_DAMAGED} something is.
See audispctl(8).
`

export const REMOTE_REPAIR_OPTIONS = {
  plan: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

interface Plan {
  readonly dir: string
  readonly report: OpeningReport
  readonly losses: readonly Pick<Gap, 'principal' | 'stream' | 'firstSeq' | 'count' | 'isStated' | 'lost'>[]
  readonly changes: readonly Change[]
}

/** Says what a start would do to the journals of this machine. */
export async function remoteRepair(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: REMOTE_REPAIR_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  if (!values.plan) throw usage(VERB, '--plan is missing')
  const plans: Plan[] = []
  for (const dir of await journalDirs(positionals)) plans.push(await planFor(dir))
  const exitStatus = plans.some(({ report }) => isDamaged(report)) ? EXIT_DAMAGED : 0
  if (values.json) host.out(`${asciiJson({ verb: VERB, journals: plans, exitStatus }, 2)}\n`)
  else host.out(plans.map(planAsText).join(''))
  return exitStatus
}

/** The start itself, on a disk that only seems to change. */
function planFor(dir: string): Promise<Plan> {
  return readJournal(dir, async (port) => {
    const trial = new TrialPort(port)
    const losses: Gap[] = []
    const world = {
      wallMs: () => Date.now(),
      randomId: () => '0'.repeat(32),
      gapLine: (gap: Gap) => {
        losses.push(gap)
        return gapRecord(gap, NOBODY, '')
      },
    }
    const { report } = await runWork(trial, Journal.open(world, { onDamage: 'skip' }))
    return { dir, report, losses: losses.map(withoutNotes), changes: trial.changes }
  })
}

function withoutNotes({ principal, stream, firstSeq, count, isStated, lost }: Gap): Plan['losses'][number] {
  return { principal, stream, firstSeq, count, isStated, lost }
}

function isDamaged({ damages, missingTail }: OpeningReport): boolean {
  return damages.length > 0 || missingTail > 0
}

function planAsText({ dir, report, losses, changes }: Plan): string {
  const { wasClean, tornBytes, damages, missingTail } = report
  const lines: string[] = []
  if (tornBytes > 0) lines.push(`cut ${tornBytes} bytes of index at the end: a commit that was never told to anybody`)
  for (const { segment, idxFrom, idxTo, logFrom, logTo } of damages) {
    const ofLog = `${logName(segment)} ${logTo === Infinity ? `from ${logFrom} on` : `${logFrom} to ${logTo}`}`
    lines.push(`set aside in quarantine/: bytes of ${idxName(segment)} ${idxFrom} to ${idxTo}, of ${ofLog}`)
  }
  if (missingTail > 0) lines.push(`${missingTail} positions at the end were durable once, and are gone`)
  for (const loss of losses) lines.push(lossAsText(loss))
  const anew = changes.flatMap((change) => (change.kind === 'rename' && change.to.endsWith('.idx') ? [change.to] : []))
  for (const idx of anew) lines.push(`write the last commit anew, into ${idx.slice(0, -'.idx'.length)}`)
  if (isDamaged(report)) lines.push('with on_damage = stop the program would not start, and change nothing')
  const verdict = isDamaged(report) ? 'damaged' : wasClean ? 'closed in order, nothing to do' : 'not closed in order'
  return `${dir}: ${verdict}\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function lossAsText({ principal, stream, firstSeq, count, isStated, lost }: Plan['losses'][number]): string {
  if (!isStated)
    return `enter a LOSS of ${lost === 0 ? 'nobody knows how many' : lost} records of no stream in particular`
  const whose = `${principal === '' ? 'its own' : harmlessText(principal, MAX_NAME_CHARACTERS)} ${stream}`
  return `enter a LOSS of seqs ${firstSeq} to ${firstSeq + count - 1} of ${whose}`
}
