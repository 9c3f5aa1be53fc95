// A record that a plugin dies of would stop it for ever, as it comes again to every next process. So deaths are counted
// against the record that was first in line and had been read at least in part: it is sent alone after three of them, in
// case that it was one of those behind it, and lost to this plugin after the fourth.

const DEATHS_UNTIL_ALONE = 3

export type Suspect =
  | { readonly kind: 'none' }
  | { readonly kind: 'watched'; readonly seq: number; readonly deaths: number }

export const NO_SUSPECT: Suspect = { kind: 'none' }

/** After a death: `seq` is the record that was first in line and read, or 0 when there was none. */
export function afterDeath(suspect: Suspect, seq: number): Suspect {
  if (seq === 0) return suspect
  const deaths = suspect.kind === 'watched' && suspect.seq === seq ? suspect.deaths + 1 : 1
  return { kind: 'watched', seq, deaths }
}

/** It is to be sent alone, and nothing behind it until it is settled. */
export function isAlone(suspect: Suspect): boolean {
  return suspect.kind === 'watched' && suspect.deaths >= DEATHS_UNTIL_ALONE
}

/** It has been sent alone and the process died again: it is never sent any more. */
export function isPoison(suspect: Suspect): boolean {
  return suspect.kind === 'watched' && suspect.deaths > DEATHS_UNTIL_ALONE
}

/** Everything up to `seq` is settled. */
export function afterAck(suspect: Suspect, seq: number): Suspect {
  return suspect.kind === 'watched' && suspect.seq <= seq ? NO_SUSPECT : suspect
}
