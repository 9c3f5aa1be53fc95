import { join } from 'node:path'
import type { DaemonStatus } from '../control/daemon-status.js'
import type { SerialRange } from '../dispatcher/serial-count.js'
import { remoteDirs } from '../remote/remote-dirs.js'
import { readStatus, STATUS_NAME, type ProgramStatus } from '../remote/status.js'
import { MAX_STATUS_BYTES } from '../remote/status-text.js'
import { textToBytes } from './byte-text.js'
import { valueOf } from './doctor/auditd-facts.js'
import { askKernel } from './doctor/kernel-facts.js'
import { confOf, textOf } from './doctor/looking.js'
import { configDirIn, findProcesses } from './doctor/process-facts.js'
import { realWorld, type World } from './doctor/world.js'
import type { Host } from './host.js'
import type { AuditdAccount, KernelAccount } from './ledger-account.js'
import { evidenceIn, NO_EVIDENCE, type Evidence } from './ledger-auditd-log.js'
import { lostSince, readKernelLog } from './ledger-kernel-log.js'

const AUDITD_DIR = '/etc/audit'
const AUDITD_LOG = '/var/log/audit/audit.log'
const MAX_LINE_BYTES = 100_000

/** Where else to look than at the daemon. */
export interface LedgerWorld {
  readonly world: Pick<World, 'files' | 'uid' | 'run'>
  readonly kernelLog: typeof readKernelLog
  readonly remoteDirs: () => Promise<readonly string[]>
}

/** What the machine says besides the daemon. */
export interface Around {
  readonly kernel: KernelAccount | undefined
  readonly kernelUnseen: string
  readonly auditd: AuditdAccount
  readonly evidence: Evidence
  readonly remote: readonly ProgramStatus[]
}

export const NOTHING_AROUND: Around = {
  kernel: undefined,
  kernelUnseen: '',
  auditd: { confFile: '', qDepth: null, isDispatching: false },
  evidence: NO_EVIDENCE,
  remote: [],
}

export function realLedgerWorld(host: Host): LedgerWorld {
  const world = realWorld(host, { configDir: undefined, socket: undefined, launcher: '' })
  return { world, kernelLog: () => readKernelLog(), remoteDirs: () => remoteDirs() }
}

export async function lookAround(status: DaemonStatus, ledgerWorld: LedgerWorld): Promise<Around> {
  const { world } = ledgerWorld
  const startedMs = Date.parse(status.startedAt)
  const { kernel, kernelUnseen } = await lookAtKernel(ledgerWorld, startedMs)
  const { account, logFile } = await lookAtAuditd(world)
  const missing = (status.serials?.nodes ?? []).flatMap(({ ranges }): readonly SerialRange[] => ranges)
  const evidence =
    missing.length === 0 || (status.serials?.nodes.length ?? 0) > 1
      ? NO_EVIDENCE
      : await evidenceIn(world.files, logFile, missing, startedMs / 1000)
  return { kernel, kernelUnseen, auditd: account, evidence, remote: await lookAtRemote(ledgerWorld) }
}

async function lookAtKernel(
  { world, kernelLog }: LedgerWorld,
  startedMs: number,
): Promise<Pick<Around, 'kernel' | 'kernelUnseen'>> {
  const answer = await askKernel(world)
  switch (answer.kind) {
    case 'state': {
      const log = answer.state.lost === 0 ? undefined : kernelLog()
      const last = log?.losses.at(-1)
      const kernel = {
        ...answer.state,
        lostSinceStart: lostSince(log, startedMs, answer.state.lost),
        lastLossAt: last === undefined ? null : new Date(last.atMs).toISOString(),
      }
      return { kernel, kernelUnseen: '' }
    }
    case 'no-audit':
      return { kernel: undefined, kernelUnseen: 'this kernel has no audit' }
    case 'late':
      return { kernel: undefined, kernelUnseen: 'auditctl -s does not end' }
    case 'unseen':
      return { kernel: undefined, kernelUnseen: answer.why }
    default:
      return answer satisfies never
  }
}

async function lookAtAuditd({
  files,
}: LedgerWorld['world']): Promise<{ readonly account: AuditdAccount; readonly logFile: string }> {
  const auditd = (await findProcesses(files)).find(({ name }) => name === 'auditd')
  const confFile = join(configDirIn(auditd?.args ?? []) ?? AUDITD_DIR, 'auditd.conf')
  const conf = await confOf(files, confFile, MAX_LINE_BYTES)
  const depth = Number(valueOf(conf, 'q_depth') ?? NaN)
  const isDispatching = (valueOf(conf, 'dispatcher') ?? '').endsWith('/audispd')
  const account = { confFile, qDepth: Number.isInteger(depth) ? depth : null, isDispatching }
  return { account, logFile: valueOf(conf, 'log_file') ?? AUDITD_LOG }
}

/** Neither need be there: what cannot be read is told by `audispctl remote status`, and by doctor. */
async function lookAtRemote({ world, remoteDirs: dirs }: LedgerWorld): Promise<ProgramStatus[]> {
  const found: ProgramStatus[] = []
  for (const dir of await dirs()) {
    // The directory may be that of another user, who may put anything there.
    const text = await textOf(world.files, join(dir, STATUS_NAME), MAX_STATUS_BYTES)
    const status = text === undefined ? undefined : readStatus(textToBytes(text).toString())
    if (status !== undefined) found.push({ ...status, dir })
  }
  return found
}
