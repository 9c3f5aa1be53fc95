// Many senders that say HELLO and then nothing but PONG: node crowd-program.js PORT COUNT. Says `open N` when N were welcomed, and how
// many were refused; then it stays until it is ended.

import { Stranger } from '../e2e/stranger.js'

/** Each address has so many: a sender without a certificate is known by its address. */
const OF_ONE_ADDRESS = 1000
const AT_ONCE = 64

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const waiting = Array.from({ length: count }, (_, index) => index)
let open = 0
let refused = 0

async function work(): Promise<void> {
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const stream = index.toString(16).padStart(32, '0')
    const localAddress = `127.0.1.${1 + Math.floor(index / OF_ONE_ADDRESS)}`
    const stranger = new Stranger({ port, localAddress }, (connected) => {
      connected.say({
        type: 'hello',
        versions: [1],
        stream,
        from: 1,
        before: '0'.repeat(64),
        parent: '',
        first: 1,
        last: 0,
        chain: '0'.repeat(64),
        acked: 0,
        closed: false,
        instance: stream,
        bootId: '',
        receiver: '',
        maxBlock: 4096,
        agent: 'one of a crowd',
      })
    })
    if ((await stranger.hears('welcome')) === undefined) refused++
    else open++
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work))
process.stdout.write(`open ${open}\nrefused ${refused}\n`)
