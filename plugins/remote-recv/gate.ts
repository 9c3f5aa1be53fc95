// Between listeners and sessions: whoever has proved who it is gets a session of its protocol, if it is allowed one; and loses it when it
// is not allowed any more.

import type { Clock, Link, LinkEvents, Peer } from '../../src/remote/ports.js'
import { ALLOW_ALL, type AllowList } from '../../src/remote/tls/allow-list.js'
import { encode } from '../../src/remote/wire/encode.js'
import { Admission, type AdmissionLimits } from './admission.js'
import type { DefaultLimits } from './config.js'
import type { Intake, Session, Speaker } from './intake.js'
import { limitsOf, type SenderLimits } from './limits.js'
import type { Settings } from './settings.js'
import type { Voice } from '../../src/remote/voice.js'

export type Protocol = 'native' | 'rmw'

export interface GateSettings extends AdmissionLimits {
  readonly allowList: AllowList
  readonly limits: DefaultLimits
}

export function gateSettings({ config, allowList }: Settings): GateSettings {
  const { maxSessions, maxPending, maxPendingPerAddress, limits } = config
  return { maxSessions, maxPending, maxPendingPerAddress, limits, allowList }
}

export interface GateWorld {
  readonly clock: Clock
  readonly voice: Pick<Voice, 'log'>
  readonly intake: Intake
  readonly speakers: Readonly<Record<Protocol, Speaker>>
}

interface Guest {
  readonly session: Session
  readonly protocol: Protocol
  /** As it has proved; an alias of its principal perhaps. */
  readonly name: string
  readonly principal: string
}

/** Without a reason of its own. */
const RETRY_MS = 5000
/** Who is not allowed any more does not come back before. */
const REFUSED_RETRY_MS = 60_000
/** Those who have to prove anew who they are come one after another, within so long. */
const ANEW_STEP_MS = 10
const ANEW_MS = 30_000

export class Gate {
  readonly admission: Admission
  readonly #world: GateWorld
  #settings: GateSettings
  readonly #guests = new Set<Guest>()
  #isShut = false

  constructor(world: GateWorld, settings: GateSettings) {
    this.#world = world
    this.#settings = settings
    this.admission = new Admission(world.clock, settings)
  }

  /** What a principal may do that was let in. */
  limits(principal: string): SenderLimits {
    const verdict = this.#settings.allowList.judge(principal)
    const allowed = verdict.kind === 'allowed' ? verdict : ALLOW_ALL.judge(principal)
    if (allowed.kind !== 'allowed') throw new Error('whoever may come if everybody may')
    return limitsOf(allowed, this.#settings.limits)
  }

  /** A connection could not prove who it is. */
  failed(address: string, reason: string, text: string): void {
    this.admission.refuse(reason)
    this.#world.voice.log('warn', 'a connection was refused', { address, reason, text })
  }

  /** What hears the connection from now on; undefined, and it is closed, if it may not come in. */
  enter(protocol: Protocol, link: Link, proved: Peer): Omit<LinkEvents, 'connected'> | undefined {
    const verdict = this.#settings.allowList.judge(proved.principal)
    if (this.#isShut) return this.#refuse(protocol, link, proved, 'stopping', RETRY_MS)
    if (verdict.kind !== 'allowed') {
      const reason = this.admission.refuse(verdict.kind === 'revoked' ? 'revoked' : 'not-allowed')
      return this.#refuse(protocol, link, proved, reason, 0)
    }
    const { principal } = verdict.sender
    const refused = this.admission.enter(principal)
    if (refused !== undefined)
      return this.#refuse(protocol, link, proved, refused, this.admission.penaltyMs(principal) || RETRY_MS)
    return this.#welcome(protocol, link, { ...proved, principal }, proved.principal)
  }

  /** Whoever is not allowed any more is told, and goes; who would be somebody else now, or has to prove it anew, comes again. */
  use(settings: GateSettings, stillProves: (protocol: Protocol, name: string) => boolean): void {
    const { voice } = this.#world
    this.#settings = settings
    this.admission.use(settings)
    let anewMs = 0
    for (const { session, protocol, name, principal } of Array.from(this.#guests)) {
      const verdict = settings.allowList.judge(name)
      if (verdict.kind !== 'allowed') {
        voice.log('warn', 'a sender is not allowed any more; its connection is closed', { name })
        session.end('not allowed any more', REFUSED_RETRY_MS)
      } else if (verdict.sender.principal !== principal || !stillProves(protocol, name)) {
        voice.log('info', 'a sender has to prove anew who it is; its connection is closed', { name })
        anewMs = (anewMs + ANEW_STEP_MS) % ANEW_MS
        session.end('prove anew who you are', anewMs)
      }
    }
  }

  /** Nobody is let in any more. */
  shut(): void {
    this.#isShut = true
  }

  /** Everybody goes. */
  clear(reason: string): void {
    for (const { session } of Array.from(this.#guests)) session.end(reason, RETRY_MS)
  }

  #welcome(protocol: Protocol, link: Link, peer: Peer, name: string): Omit<LinkEvents, 'connected'> {
    const { clock, intake, voice, speakers } = this.#world
    const { principal, address } = peer
    const session = speakers[protocol]({
      intake,
      clock,
      link,
      peer,
      log: (level, text, fields) => {
        voice.log(level, text, { principal, address, ...fields })
      },
      strike: (reason) => {
        this.#strike(peer, reason)
      },
    })
    const guest: Guest = { session, protocol, name, principal }
    this.#guests.add(guest)
    return {
      data: (bytes) => {
        session.data(bytes)
      },
      drained: () => {
        session.drained()
      },
      closed: (why) => {
        // A link that was closed when it was heard first says so again.
        if (!this.#guests.delete(guest)) return
        this.admission.leave()
        session.closed(why)
      },
    }
  }

  #strike({ principal, address }: Peer, reason: string): void {
    this.#world.voice.log('warn', 'a sender broke the protocol', { principal, address, reason })
    const penaltyMs = this.admission.strike(principal)
    if (penaltyMs > 0)
      this.#world.voice.log('error', 'a sender broke the protocol again and again; it is shut out for a while', {
        principal,
        address,
        seconds: penaltyMs / 1000,
      })
  }

  #refuse(
    protocol: Protocol,
    link: Link,
    { principal, address }: Peer,
    reason: string,
    retryAfterMs: number,
  ): undefined {
    this.#world.voice.log('warn', 'a sender was refused', { principal, address, reason })
    if (protocol === 'native')
      link.write(encode({ type: 'error', code: 'refused', text: reason, retryAfterMs, action: 'operator' }))
    link.end()
  }
}
