// Strangers at the door, a hundred in a second: node attacker-program.js PORT CA. They say nothing, or what is no TLS, or have no
// certificate, or break off in the middle. Says one letter for each.

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const EVERY_MS = 10
const LONGEST_MS = 1000

const [port = 0] = process.argv.slice(2, 3).map(Number)
const ca = readFileSync(process.argv[3] ?? '')
/** Not that of the senders: one address may have only so many in a handshake. */
const place = { port, host: '127.0.0.1', localAddress: '127.0.0.2' }

const KINDS: readonly (() => Socket)[] = [
  () => connect(place),
  () =>
    connect(place).on('connect', function (this: Socket) {
      this.write(Buffer.alloc(20_000, 0x41))
    }),
  () => connectTls({ ...place, ca, checkServerIdentity: () => undefined }),
  () =>
    connect(place).on('connect', function (this: Socket) {
      this.write(Buffer.from('1603010200010001fc0303', 'hex'), () => this.resetAndDestroy())
    }),
]

let turn = 0
setInterval(() => {
  const socket = KINDS[turn++ % KINDS.length]?.()
  socket?.on('error', () => {
    // It was refused, as it should be.
  })
  setTimeout(() => socket?.destroy(), LONGEST_MS)
  process.stdout.write('x')
}, EVERY_MS)
