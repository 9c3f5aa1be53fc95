import type { FileFacts } from './disk.js'

const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002
const ROOT = 0

/** Whose files may say what root runs. */
export type Trust =
  /** Without privileges there is nobody to be protected: the reader's own limits are the limits. */
  | { readonly kind: 'anybody' }
  | { readonly kind: 'root' }
  /** A directory given by -c was given by root, so whoever it belongs to is trusted as well. */
  | { readonly kind: 'root-or-owner'; readonly uid: number; readonly gid: number }

export interface Finding {
  readonly level: 'error' | 'warning'
  readonly text: string
}

/** Everything about a file's owner and mode that speaks against it; empty when it may be believed. */
export function doubtsAbout(facts: FileFacts, trust: Trust): readonly Finding[] {
  if (trust.kind === 'anybody') return []
  const found = [doubtAboutOwner(facts, trust), doubtAboutGroup(facts, trust), doubtAboutOthers(facts)]
  return found.filter((finding) => finding !== undefined)
}

function doubtAboutOwner({ uid }: FileFacts, trust: Exclude<Trust, { kind: 'anybody' }>): Finding | undefined {
  if (uid === ROOT) return undefined
  if (trust.kind === 'root-or-owner' && uid === trust.uid) {
    return {
      level: 'warning',
      text: `belongs to user ${uid}, not root: taken because the directory given by -c is theirs`,
    }
  }
  return { level: 'error', text: `belongs to user ${uid}; it must be root's (chown root)` }
}

function doubtAboutGroup({ gid, mode }: FileFacts, trust: Exclude<Trust, { kind: 'anybody' }>): Finding | undefined {
  if ((mode & GROUP_WRITES) === 0 || gid === ROOT) return undefined
  if (trust.kind === 'root-or-owner' && gid === trust.gid) {
    return { level: 'warning', text: `group ${gid} may write it: taken because the directory given by -c is theirs` }
  }
  return { level: 'error', text: `group ${gid} may write it (chmod g-w)` }
}

function doubtAboutOthers({ mode }: FileFacts): Finding | undefined {
  return (mode & OTHERS_WRITE) === 0 ? undefined : { level: 'error', text: 'everybody may write it (chmod o-w)' }
}
