// Puts the filter together out of what it needs of the world.

import { hostname } from 'node:os'
import { formatProblem, type Problem } from '../../src/config.js'
import { errorText } from '../../src/config/disk.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import { ChildFeed, type FeedOwner } from './child-feed.js'
import { ChildPipe } from './child-pipe.js'
import type { FilterConfig } from './config.js'
import { Filter } from './filter.js'
import { JobRunner } from './job-runner.js'
import type { LoadedSetup, Setup } from './load.js'
import { closeEnd, startChild, startJob } from './node-world.js'
import { RuleBook, type Compile } from './rule-book.js'
import { StatusFile } from './status-file.js'
import { statusOf, statusText, type FilterStatus } from './status.js'
import { Teller } from './teller.js'

/** Of a broken configuration; the rest is told by --check. */
const MAX_PROBLEMS_SAID = 5

export interface RunWorld {
  readonly clock: Clock
  readonly voice: Voice
  readonly compile: Compile
  /** Text for people, besides the log. */
  readonly say: (text: string) => void
}

export interface RunHow {
  /** The files as they are now. */
  readonly load: () => LoadedSetup
  /** The child has ended by itself: false ends the filter. */
  readonly childEnded: FeedOwner['ended']
}

export interface RunningFilter {
  readonly filter: Filter
  /** Tells the counts, and writes the status file. */
  readonly tell: () => void
}

export function startFilter({ config, rules }: Setup, how: RunHow, world: RunWorld): RunningFilter {
  const { clock, voice } = world
  const startedMs = clock.wallMs()
  const jobs = new JobRunner(config.execMax, config.execTimeoutMs, clock, startJob)
  const teller = new Teller({ voice, jobs, sendmail: config.sendmail, host: hostname() })
  const book = new RuleBook(world.compile, clock, config.default === 'keep', teller)
  book.replace(rules)
  const { child } = config
  const feedWorld = { clock, voice, makePipe: () => ChildPipe.make(), start: startChild, closeEnd }
  const filter = new Filter(config, {
    clock,
    voice,
    book,
    teller,
    jobs,
    feed: child && ((owner) => new ChildFeed(child, config.childRestart, feedWorld, owner)),
    rulesNow: () => setupNow(how.load(), config, voice)?.rules,
    childEnded: how.childEnded,
    changed: () => {
      status.changed()
    },
    over: () => {
      state = 'stopped'
      return status.write()
    },
  })
  let state: FilterStatus['state'] = 'running'
  const now = (): FilterStatus =>
    statusOf(filter, book.states, book.undecided, config, {
      state,
      pid: process.pid,
      startedMs,
      writtenMs: clock.wallMs(),
    })
  const status = new StatusFile(
    config.statusFile,
    clock,
    () => `${JSON.stringify(now())}\n`,
    (error) => {
      voice.log('warn', 'the status file cannot be written', { file: config.statusFile, why: errorText(error) })
    },
  )
  void status.write()
  return {
    filter,
    tell: () => {
      world.say(statusText(now(), true))
      void status.write()
    },
  }
}

/** What cannot change while the filter runs is told, and stays. */
function setupNow({ setup, problems }: LoadedSetup, config: FilterConfig, voice: Voice): Setup | undefined {
  for (const problem of problems.slice(0, MAX_PROBLEMS_SAID)) sayProblem(problem, voice)
  if (setup === undefined) {
    voice.log('error', 'the configuration has mistakes; the rules that hold stay', { problems: problems.length })
    return undefined
  }
  const changed = (['unit', 'default', 'child', 'sendmail', 'execMax', 'execTimeoutMs', 'statusFile'] as const).filter(
    (key) => JSON.stringify(setup.config[key]) !== JSON.stringify(config[key]),
  )
  if (changed.length > 0)
    voice.log('warn', 'only the rules are read again; the rest needs a new start', { changed: changed.join(', ') })
  return setup
}

function sayProblem(problem: Problem, voice: Voice): void {
  voice.log(problem.level === 'error' ? 'error' : 'warn', 'a mistake in the configuration', {
    at: formatProblem(problem),
  })
}
