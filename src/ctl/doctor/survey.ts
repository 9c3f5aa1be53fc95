import { findAuditdFacts, type AuditdFacts } from './auditd-facts.js'
import { findConfiguration, type Configuration } from './configuration-facts.js'
import { askKernel, type KernelAnswer } from './kernel-facts.js'
import { findProcesses, type FoundProcess } from './process-facts.js'
import type { DaemonAnswer, World } from './world.js'

/** What several checks go by, each looked for once, and only if somebody asks. */
export interface Survey {
  readonly world: World
  readonly kernel: () => Promise<KernelAnswer>
  readonly processes: () => Promise<readonly FoundProcess[]>
  readonly auditd: () => Promise<AuditdFacts>
  readonly configuration: () => Promise<Configuration>
  /** What answers on the control socket. */
  readonly daemon: () => Promise<DaemonAnswer>
}

export function surveyOf(world: World): Survey {
  const kernel = once(() => askKernel(world))
  const processes = once(() => findProcesses(world.files))
  const auditd = once(async () => {
    const answer = await kernel()
    return findAuditdFacts(world, await processes(), answer.kind === 'state' ? answer.state.pid : 0)
  })
  const configuration = once(async () => findConfiguration(world, await auditd()))
  const daemon = once(async () => world.ask((await configuration()).socket))
  return { world, kernel, processes, auditd, configuration, daemon }
}

function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined
  return () => (found ??= find())
}
