// A string plugin that only counts what it reads, and at the end writes to a file how many bytes there were. It reads as
// the SDK does, into one buffer again and again, which is the fastest that a plugin with an event loop can.

import { writeFileSync } from 'node:fs'
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { SAYS_READY } from './words.js'

const STDIN = 0
const READ_BYTES = 64 * 1024

const [, , file = ''] = process.argv
let total = 0
const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
// onread is missing from the constructor's types; connect() alone has it there.
const options: SocketConstructorOpts & { onread: OnReadOpts } = {
  fd: STDIN,
  readable: true,
  writable: false,
  onread: {
    buffer,
    callback: (count) => {
      total += count
      return true
    },
  },
}
const stdin = new Socket(options)
stdin.on('end', () => {
  writeFileSync(file, `${total}\n`)
})
stdin.resume()
console.error(SAYS_READY)
