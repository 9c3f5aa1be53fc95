import type { Credentials } from '../../src/remote/tls/tls-options.js'

/**
 * Whether somebody who is connected, and has proved to be `name` by the old credentials, needs not do so again by the new ones. Which
 * certificates a new list revokes is not known here, only in a handshake.
 */
export function stillProves(old: Credentials | undefined, now: Credentials | undefined, name: string): boolean {
  // Nobody is asked any more.
  if (now === undefined) return true
  if (old === undefined || old.kind !== now.kind) return false
  if (now.kind === 'psk') {
    const key = old.kind === 'psk' ? old.keys.get(name) : undefined
    return key !== undefined && now.keys.get(name)?.equals(key) === true
  }
  return old.kind === 'tls' && isSame(old.ca, now.ca) && isSame(old.crl, now.crl)
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}
