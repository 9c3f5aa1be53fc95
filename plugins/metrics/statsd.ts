// Datagrams to statsd. The socket is made anew each time, so that a name is looked up again and a server that was restarted is found.

import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import type { MakeSocket, UnixDatagramSocket } from '../../src/unix-datagram.js'
import type { StatsdPlace } from './config.js'
import { datagramsOf } from './statsd-lines.js'

/** Goes through every network in one piece. */
const MAX_UDP_BYTES = 1432
const MAX_UNIX_BYTES = 8192
/** For a name that is looked up, and for a server that takes nothing. */
const TIMEOUT_MS = 5000
/** As unix-dgram says it. */
const QUEUE_FULL = 1

/** Sends the lines; rejects with what keeps them from being sent. What is lost on the way nobody hears of. */
export async function sendToStatsd(
  place: StatsdPlace,
  lines: readonly string[],
  makeSocket: MakeSocket | undefined,
): Promise<void> {
  switch (place.kind) {
    case 'udp':
      return sendByUdp(place, datagramsOf(lines, MAX_UDP_BYTES))
    case 'unix':
      if (makeSocket === undefined) throw new Error('unix-dgram cannot be used here: give udp://HOST:PORT')
      return sendToSocket(place.path, datagramsOf(lines, MAX_UNIX_BYTES), makeSocket)
    default:
      return place satisfies never
  }
}

async function sendByUdp(
  { host, port }: Extract<StatsdPlace, { kind: 'udp' }>,
  datagrams: readonly Buffer[],
): Promise<void> {
  const socket = createSocket({ type: isIP(host) === 6 ? 'udp6' : 'udp4' })
  try {
    await inTime('no address', (connected, fail) => {
      socket.on('error', fail)
      socket.connect(port, host, connected)
    })
    for (const datagram of datagrams) {
      await new Promise<void>((sent, fail) => {
        socket.send(datagram, (error) => {
          if (error === null) sent()
          else fail(error)
        })
      })
    }
  } finally {
    socket.close()
  }
}

async function sendToSocket(path: string, datagrams: readonly Buffer[], makeSocket: MakeSocket): Promise<void> {
  const socket = makeSocket()
  // Whoever waits, for one thing at a time.
  let goOn = (): void => {}
  let giveUp = (_error: Error): void => {}
  socket.on('connect', () => {
    goOn()
  })
  socket.on('writable', () => {
    goOn()
  })
  socket.on('error', (error) => {
    giveUp(error)
  })
  try {
    await inTime('no connection', (connected, fail) => {
      goOn = connected
      giveUp = fail
      socket.connect(path)
    })
    for (const datagram of datagrams) {
      while (!sendOne(socket, datagram)) {
        await inTime('it takes nothing', (writable, fail) => {
          goOn = writable
          giveUp = fail
        })
      }
    }
  } finally {
    socket.close()
  }
}

/** False: its queue is full, and it will be told when there is room. Throws what else is wrong. */
function sendOne(socket: UnixDatagramSocket, datagram: Buffer): boolean {
  let found: (Error & { readonly code?: string | number }) | undefined
  // It is called back before it returns.
  socket.send(datagram, (error) => {
    found = error
  })
  if (found === undefined) return true
  if (found.code === QUEUE_FULL) return false
  throw found
}

async function inTime(what: string, attempt: (done: () => void, fail: (error: Error) => void) => void): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => {
      fail(new Error(`${what} for ${TIMEOUT_MS / 1000} s`))
    }, TIMEOUT_MS)
    const isOver = (): void => {
      clearTimeout(timer)
    }
    attempt(
      () => {
        isOver()
        done()
      },
      (error) => {
        isOver()
        fail(error)
      },
    )
  })
}
