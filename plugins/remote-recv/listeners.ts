import { hostPortText } from '../../src/remote/host-port.js'
import type { Gate } from './gate.js'
import { NodeListener, type ListenerOptions } from './node-listener.js'
import type { Settings } from './settings.js'
import type { Voice } from '../../src/remote/voice.js'

/** All listening sockets. A reload closes those that are not wanted any more, opens new ones, and leaves the others open. */
export class Listeners {
  readonly #gate: Gate
  readonly #voice: Pick<Voice, 'log'>
  readonly #listeners = new Map<string, NodeListener>()

  constructor(gate: Gate, voice: Pick<Voice, 'log'>) {
    this.#gate = gate
    this.#voice = voice
  }

  use(settings: Settings): void {
    const wanted = new Map(optionsOf(settings).map((options) => [keyOf(options), options]))
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue
      listener.close()
      this.#listeners.delete(key)
    }
    for (const [key, options] of wanted) {
      const listener = this.#listeners.get(key)
      if (listener === undefined) this.#listeners.set(key, new NodeListener(this.#gate, this.#voice, options))
      else listener.use(options)
    }
  }

  close(): void {
    for (const listener of this.#listeners.values()) listener.close()
    this.#listeners.clear()
  }
}

function optionsOf({ config, native, rmw }: Settings): ListenerOptions[] {
  const { handshakeTimeoutMs, listen, rmwListen } = config
  return [
    ...listen.places.map((place) => ({ place, protocol: 'native', credentials: native, handshakeTimeoutMs }) as const),
    ...rmwListen.places.map((place) => ({ place, protocol: 'rmw', credentials: rmw, handshakeTimeoutMs }) as const),
  ]
}

/** A socket is another one when something changes that cannot be changed while it is open. */
function keyOf({ place, protocol, credentials }: ListenerOptions): string {
  return `${protocol} ${credentials?.kind ?? 'tcp'} ${hostPortText(place)}`
}
