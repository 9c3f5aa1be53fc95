// HTTP for scrapers, with GET /metrics and nothing else. A connection is for one request and has so many seconds in all, from its first
// byte to the last one read: whoever sends or reads slowly loses that one, and there is room for no more than a few.

import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import type { Clock } from '../../src/remote/ports.js'
import { SocketFile } from '../../src/socket-file.js'
import { NoMetrics } from './collection.js'
import type { ListenPlace } from './config.js'
import { CONTENT_TYPE, type TextKind } from './exposition.js'

const PATH = '/metrics'
export const MAX_CONNECTIONS = 16
export const CONNECTION_MS = 15_000
const MAX_HEADER_BYTES = 8192
const MAX_HEADERS = 64
const TOO_MANY = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
const WELL = 200

/** The text of the moment; rejects with NoMetrics when there is none. */
export type TextSource = (kind: TextKind) => Promise<string>

export interface ServerEvents {
  /** There was no room for a scraper. */
  refused(): void
  /** A scraper got nothing, and why. */
  failed(why: string): void
}

export class ScrapeServer {
  readonly #http: HttpServer
  readonly #text: TextSource
  readonly #clock: Clock
  readonly #events: ServerEvents
  readonly #connections = new Map<Socket, () => void>()
  #closeListener: () => void = () => {}
  #port = 0

  private constructor(text: TextSource, clock: Clock, events: ServerEvents) {
    this.#text = text
    this.#clock = clock
    this.#events = events
    this.#http = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      void this.#answer(request, response)
    })
    this.#http.maxHeadersCount = MAX_HEADERS
  }

  /** Listens; throws a SocketMistake, or the error of a system call. */
  static async open(
    place: ListenPlace,
    socketMode: number,
    text: TextSource,
    clock: Clock,
    events: ServerEvents,
  ): Promise<ScrapeServer> {
    const server = new ScrapeServer(text, clock, events)
    const welcome = (socket: Socket): void => {
      server.#welcome(socket)
    }
    if (place.kind === 'unix') {
      const file = await SocketFile.open({ path: place.path, mode: socketMode, gid: undefined }, welcome)
      server.#closeListener = () => {
        file.remove()
      }
    } else {
      const listener = createTcpServer({ allowHalfOpen: true }, welcome)
      await new Promise<void>((listening, fail) => {
        listener.once('error', fail).listen(place.port, place.host, listening)
      })
      // Such as no more files: those who are connected are served.
      listener.on('error', () => {})
      const address = listener.address()
      if (address !== null && typeof address === 'object') server.#port = address.port
      server.#closeListener = () => {
        listener.close()
      }
    }
    return server
  }

  /** Of a listener by TCP. */
  get port(): number {
    return this.#port
  }

  /** Whoever is connected is cut off. */
  close(): void {
    this.#closeListener()
    for (const [socket, callOff] of this.#connections) {
      callOff()
      socket.destroy()
    }
    this.#connections.clear()
  }

  #welcome(socket: Socket): void {
    // ECONNRESET, EPIPE: it has gone.
    socket.on('error', () => {})
    if (this.#connections.size >= MAX_CONNECTIONS) {
      this.#events.refused()
      socket.end(TOO_MANY)
      socket.destroySoon()
      return
    }
    const callOff = this.#clock.after(CONNECTION_MS, () => {
      socket.destroy()
    })
    this.#connections.set(socket, callOff)
    socket.on('close', () => {
      callOff()
      this.#connections.delete(socket)
    })
    this.#http.emit('connection', socket)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.shouldKeepAlive = false
    const { status, headers = {}, body } = await this.#reply(request)
    if (response.destroyed) return
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers })
    response.end(body)
  }

  async #reply({ url = '', method, headers }: IncomingMessage): Promise<Reply> {
    if (url.split('?', 1)[0] !== PATH) return { status: 404, body: `there is only ${PATH}\n` }
    if (method !== 'GET') return { status: 405, headers: { allow: 'GET' }, body: 'there is only GET\n' }
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      return { status: 413, body: 'GET has no body\n' }
    const kind = kindFor(headers.accept ?? '')
    try {
      return { status: WELL, headers: { 'content-type': CONTENT_TYPE[kind] }, body: await this.#text(kind) }
    } catch (error) {
      if (!(error instanceof NoMetrics)) throw error
      this.#events.failed(error.message)
      return { status: 503, body: `${error.message}\n` }
    }
  }
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** OpenMetrics for all who do not say that they want the older text. */
function kindFor(accept: string): TextKind {
  return /\btext\/plain\b/.test(accept) && !/\bapplication\/openmetrics-text\b/.test(accept)
    ? 'prometheus'
    : 'openmetrics'
}
