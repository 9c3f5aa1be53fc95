import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const HOST = '127.0.0.1'
/** Below those that the kernel gives to whoever asks for any: else a test that runs beside may get it before it is used. */
const FROM = 10_240
const TO = 32_768

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((done) => {
    // EADDRINUSE: another one.
    server.once('error', () => {
      done(false)
    })
    server.listen(port, HOST, () => {
      server.close(() => {
        done(true)
      })
    })
  })
}
