// Datagrams to statsd. The socket is made anew each time, so that a name is looked up again and a server that was restarted is found.

import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import type { MakeSocket } from '../../src/unix-datagram.js'
import type { StatsdPlace } from './config.js'
import { datagramsOf } from './statsd-lines.js'

/** Goes through every network in one piece. */
const MAX_UDP_BYTES = 1432
const MAX_UNIX_BYTES = 8192
/** For a name that is looked up. */
const TIMEOUT_MS = 5000

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
    await new Promise<void>((connected, fail) => {
      const timer = setTimeout(() => {
        fail(new Error(`no address after ${TIMEOUT_MS / 1000} s`))
      }, TIMEOUT_MS)
      socket.on('error', fail)
      socket.connect(port, host, () => {
        clearTimeout(timer)
        connected()
      })
      socket.on('close', () => {
        clearTimeout(timer)
      })
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
  try {
    await new Promise<void>((sent, fail) => {
      socket.on('error', fail)
      socket.on('connect', () => {
        for (const datagram of datagrams) {
          socket.send(datagram, (error) => {
            if (error !== undefined) fail(error)
          })
        }
        sent()
      })
      socket.connect(path)
    })
  } finally {
    socket.close()
  }
}
