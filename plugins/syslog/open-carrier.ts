import { connect } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { errorCode } from '../../src/config/error-code.js'
import { handshakeFault } from '../../src/remote/tls/handshake-fault.js'
import { clientTls } from '../../src/remote/tls/tls-options.js'
import type { MakeSocket } from '../../src/unix-datagram.js'
import type { Carrier, CarrierEvents } from './carrier.js'
import type { Place } from './config.js'
import { LocalCarrier } from './local-carrier.js'
import type { Messages } from './messages.js'
import type { Settings, TlsMaterial } from './settings.js'
import { StreamCarrier } from './stream-carrier.js'
import { UdpCarrier } from './udp-carrier.js'

/** Only needed where this machine shows a certificate. */
const NO_BYTES = Buffer.alloc(0)

/** What opening a connection needs beside the settings. */
export interface CarrierMeans {
  readonly messages: Messages
  readonly makeSocket: MakeSocket | undefined
  readonly logger?: string
}

/** Begins to connect to a server; what comes of it is told by the events. */
export function openCarrier(place: Place, settings: Settings, means: CarrierMeans, events: CarrierEvents): Carrier {
  const { config } = settings
  const { connectTimeoutMs, framing } = config
  const { messages } = means
  switch (place.kind) {
    case 'local':
      return new LocalCarrier({ ...means, path: place.path, connectTimeoutMs }, events)
    case 'udp': {
      const { host, port } = place
      const format = messages.format('network')
      return new UdpCarrier({ host, port, format, maxBytes: messages.maxBytes('udp'), connectTimeoutMs }, events)
    }
    case 'tcp': {
      const socket = connect({ host: place.host, port: place.port })
      const wordsOf = (error: Error): string => failureWords(error, error.message)
      const format = messages.format('network')
      return new StreamCarrier({ socket, readyEvent: 'connect', framing, format, connectTimeoutMs, wordsOf }, events)
    }
    case 'tls': {
      const socket: TLSSocket = connectTls(tlsOptions(place, settings))
      let isSecured = false
      socket.once('secureConnect', () => {
        isSecured = true
      })
      // A reset is a fault of the handshake only as long as that lasts.
      const wordsOf = (error: Error): string =>
        failureWords(
          error,
          isSecured && errorCode(error) === 'ECONNRESET' ? error.message : handshakeFault(error, socket).text,
        )
      const format = messages.format('network')
      return new StreamCarrier(
        { socket, readyEvent: 'secureConnect', framing, format, connectTimeoutMs, wordsOf },
        events,
      )
    }
    default:
      return place satisfies never
  }
}

function tlsOptions(place: Extract<Place, { host: string }>, { config, tls }: Settings): ConnectionOptions {
  const { ca, own }: TlsMaterial = tls ?? { ca: NO_BYTES, own: undefined }
  const credentials = {
    kind: 'tls',
    ca,
    cert: own?.cert ?? NO_BYTES,
    key: own?.key ?? NO_BYTES,
    crl: undefined,
    principal: '',
    certificateEndMs: 0,
  } as const
  const { cert, key, ...rest } = clientTls(credentials, place, { native: false, serverName: config.tls.serverName })
  const shown = own === undefined ? {} : { cert, key }
  return { ...rest, ...shown, minVersion: config.tls.minVersion }
}

/** Several addresses of a name that all failed come as one error, with nothing in its own message. */
function failureWords(error: Error, otherwise: string): string {
  if (!(error instanceof AggregateError)) return otherwise
  return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ')
}
