import { runFirst } from './looking.js'
import type { World } from './world.js'

export const AUDITCTL = ['/usr/sbin/auditctl', '/sbin/auditctl'] as const
const FIELD = /\b(enabled|failure|flag|pid|rate_limit|backlog_limit|lost|backlog)[ =](\d+)/g

export interface KernelState {
  /** 0 off, 1 on, 2 on and locked until the next boot. */
  readonly enabled: number
  /** 0 silent, 1 a line in the kernel's log, 2 panic. */
  readonly failure: number
  /** Who gets the records; 0 is nobody. */
  readonly pid: number
  readonly rateLimit: number
  readonly backlogLimit: number
  readonly lost: number
  readonly backlog: number
}

export type KernelAnswer =
  | { readonly kind: 'state'; readonly state: KernelState }
  /** The kernel has no audit, or it was booted without. */
  | { readonly kind: 'no-audit' }
  /** It did not answer, which it always does. */
  | { readonly kind: 'late' }
  | { readonly kind: 'unseen'; readonly why: string }

/** What `auditctl -s` says. Of audit before 2.3 it is all on one line. */
export async function askKernel(world: Pick<World, 'run' | 'uid'>): Promise<KernelAnswer> {
  const ran = await runFirst(world, AUDITCTL, ['-s'])
  if (ran.kind === 'late') return { kind: 'late' }
  if (ran.kind === 'absent') return { kind: 'unseen', why: 'no auditctl here' }
  if (/not in kernel|Protocol not supported/i.test(ran.err + ran.out)) return { kind: 'no-audit' }
  const found = new Map([...ran.out.matchAll(FIELD)].map(([, name = '', digits]) => [name, Number(digits)]))
  if (!found.has('enabled')) return { kind: 'unseen', why: unseen(world.uid, ran.err) }
  const of = (name: string): number => found.get(name) ?? 0
  return {
    kind: 'state',
    state: {
      enabled: of('enabled'),
      failure: found.get('failure') ?? of('flag'),
      pid: of('pid'),
      rateLimit: of('rate_limit'),
      backlogLimit: of('backlog_limit'),
      lost: of('lost'),
      backlog: of('backlog'),
    },
  }
}

function unseen(uid: number, err: string): string {
  if (uid !== 0) return 'only root may ask the kernel'
  return `auditctl -s: ${err.trim().split('\n')[0] ?? ''}`
}
