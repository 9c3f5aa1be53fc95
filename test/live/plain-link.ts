import type { Socket } from 'node:net'
import type { Link, LinkEvents } from '../../src/remote/ports.js'

/** A connection in clear text, as the programs see theirs. */
export function plainLink(socket: Socket): Link {
  return {
    write: (chunks) => {
      socket.cork()
      const room = chunks.map((chunk) => socket.write(chunk)).every(Boolean)
      socket.uncork()
      return room
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.end(),
    destroy: () => socket.destroy(),
  }
}

export function tell(socket: Socket, events: Omit<LinkEvents, 'connected'>): void {
  let why = 'closed'
  socket.on('data', (bytes: Buffer) => {
    events.data(bytes)
  })
  socket.on('drain', () => {
    events.drained()
  })
  socket.on('error', ({ message }) => {
    why = message
  })
  socket.on('close', () => {
    events.closed(why)
  })
}
