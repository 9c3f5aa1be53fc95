// The running daemon and its plugins, as they say themselves.
import { judge, type Finding as Judged } from '../../control/judge.js'
import type { DaemonStatus } from '../../control/daemon-status.js'
import { harmlessText } from '../../protocol/harmless-text.js'
import { version } from '../../version.js'
import { fail, ok, orOk, skip, warn, type Check, type Finding } from './check.js'
import { namesIn } from './looking.js'
import { configDirIn, type FoundProcess } from './process-facts.js'
import type { Survey } from './survey.js'
import type { DaemonAnswer } from './world.js'

const MAX_CHARACTERS = 200
const RUN_DIR = '/run/audispd'
/** Options with which a process of that name is not the daemon of this machine. */
const ASIDE: ReadonlySet<string> = new Set(['--check', '--dry-run', '--only', '--help', '--version'])

export const DAEMON_CHECKS: readonly Check[] = [
  { id: 'daemon.running', layer: 'daemon', run: running },
  { id: 'daemon.version', layer: 'daemon', run: sameVersion },
  { id: 'daemon.twice', layer: 'daemon', run: twice },
  { id: 'daemon.state', layer: 'daemon', run: state },
  { id: 'plugins.state', layer: 'plugins', run: plugins },
]

async function running(survey: Survey): Promise<readonly Finding[]> {
  const { daemon, auditd } = survey
  const answer = await daemon()
  if (answer.kind === 'status') {
    const { pid, parent } = answer.status
    return [
      ok(`audispd runs as pid ${pid}${parent === '' ? '' : `, started by ${harmlessText(parent, MAX_CHARACTERS)}`}`),
    ]
  }
  const started = await daemonsHere(survey)
  const pids = started.map(({ pid }) => pid).join(' and ')
  switch (answer.code) {
    case 'not-permitted':
    case 'denied':
      return [skip('only root, and control_group, may ask audispd')]
    case 'not-running': {
      if (pids !== '') {
        const what = `audispd runs as pid ${pids}, and nobody answers on its control socket`
        return [fail(what, 'service auditd restart')]
      }
      const isMeantToRun = (await auditd()).ours.some(({ active }) => active)
      if (!isMeantToRun) return [skip('audispd does not run: nothing starts it')]
      return [fail('audispd does not run', 'service auditd restart, then: audispctl doctor')]
    }
    case 'timeout':
      return [fail(`audispd hangs: ${answer.message}`, 'service auditd restart')]
    default:
      return [
        fail(
          `audispd does not answer as it should: ${harmlessText(answer.message, MAX_CHARACTERS)}`,
          'service auditd restart',
        ),
      ]
  }
}

/** After an upgrade the old one runs on until it is started anew. */
async function sameVersion({ daemon }: Survey): Promise<readonly Finding[]> {
  const answer = await daemon()
  if (answer.kind !== 'status') return []
  const ours = version()
  const theirs = answer.status.version
  if (theirs === ours) return [ok(`version ${ours}`)]
  return [
    warn(`audispd ${harmlessText(theirs, MAX_CHARACTERS)} runs, and ${ours} is installed`, 'service auditd restart'),
  ]
}

/** Two daemons of one configuration run the same plugins twice. For a moment they do: the older one empties its queues. */
async function twice(survey: Survey): Promise<readonly Finding[]> {
  const { daemon, auditd } = survey
  const all = await daemonsHere(survey)
  if (all.length < 2) return []
  const answer = await daemon()
  const { process } = await auditd()
  const stray = all.find(({ pid, parent }) => !isThatOf(answer, pid) && parent !== process?.pid) ?? all[0]
  const what = `${all.length} audispd run with one configuration, as pid ${all.map(({ pid }) => pid).join(' and ')}: every record may come twice`
  return [fail(what, `ps -fp ${all.map(({ pid }) => pid).join(',')}; kill -TERM ${stray?.pid}`)]
}

function isThatOf(answer: DaemonAnswer, pid: number): boolean {
  return answer.kind === 'status' && answer.status.pid === pid
}

/** By their directories in the run directory, too: a daemon in a container is called the same. */
async function daemonsHere({ world, processes, configuration }: Survey): Promise<readonly FoundProcess[]> {
  const { dir, dirArgs } = await configuration()
  const known = new Set((await namesIn(world.files, RUN_DIR)).map((name) => Number(name.split('.')[0])))
  return (await processes()).filter(({ name, pid, args }) => {
    if (name !== 'audispd' || !known.has(pid) || args.some((arg) => ASIDE.has(arg))) return false
    const theirs = configDirIn(args)
    return theirs === dir || (theirs === undefined && dirArgs.length === 0)
  })
}

async function state({ daemon }: Survey): Promise<readonly Finding[]> {
  const answer = await daemon()
  if (answer.kind !== 'status') return []
  const wrong = judge(answer.status).filter(({ plugin }) => plugin === '')
  return orOk(wrong.map(plainly), `${answer.status.input.records} records in`)
}

async function plugins({ daemon }: Survey): Promise<readonly Finding[]> {
  const answer = await daemon()
  if (answer.kind !== 'status') return [skip('audispd does not tell')]
  const { status } = answer
  const wrong = judge(status).filter(({ plugin }) => plugin !== '')
  return orOk(
    wrong.map((judged) => withLastWords(judged, status)),
    `${status.plugins.length} well`,
  )
}

function plainly({ level, what, mend }: Judged): Finding {
  return { level, what: harmlessText(what, MAX_CHARACTERS), mend }
}

/** What it said last is often the reason. */
function withLastWords(judged: Judged, status: DaemonStatus): Finding {
  const { level, what, mend } = plainly(judged)
  const said = status.plugins.find(({ name }) => name === judged.plugin)?.lastStderr.at(-1)
  const words = said === undefined || level !== 'fail' ? '' : `; it said last: ${harmlessText(said, MAX_CHARACTERS)}`
  return { level, what: `${judged.plugin}: ${what}${words}`, mend }
}
