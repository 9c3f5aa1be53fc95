import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { test, type Test } from 'tap'
import { FaultProxy, type Cut, type Faults } from './fault-proxy.js'

interface Ends {
  readonly proxy: FaultProxy
  readonly near: Socket
  readonly far: Socket
}

async function through(t: Test, faults: Faults): Promise<Ends> {
  const server: Server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const proxy = await FaultProxy.listen(address.port)
  proxy.faultsOf = () => faults
  const accepted = once(server, 'connection')
  const near = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  const far: Socket = (await accepted)[0]
  for (const socket of [near, far]) socket.on('error', () => undefined)
  t.teardown(async () => {
    near.destroy()
    far.destroy()
    await proxy.close()
    server.close()
  })
  return { proxy, near, far }
}

async function ended(socket: Socket): Promise<{ readonly text: string; readonly error: string }> {
  let text = ''
  let error = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
  socket.on('error', (cause) => (error = 'code' in cause ? String(cause.code) : cause.message))
  await once(socket, 'close').catch(() => undefined)
  return { text, error }
}

void test('a cut leaves exactly so many bytes', async (t) => {
  for (let afterBytes = 0; afterBytes <= 3; afterBytes++) {
    const cut: Cut = { direction: 'up', afterBytes, kind: 'end' }
    const { near, far } = await through(t, { cut, pieceBytes: 2 })
    const atFar = ended(far)
    near.resume().write('abcdef')
    far.on('end', () => far.end())
    t.equal((await atFar).text, 'abcdef'.slice(0, afterBytes))
  }
})

void test('a reset is a reset, and counted', async (t) => {
  const { proxy, near, far } = await through(t, { cut: { direction: 'down', afterBytes: 0, kind: 'reset' } })
  const atNear = ended(near)
  far.resume().write('late')
  t.match(await atNear, { text: '', error: 'ECONNRESET' })
  t.equal(proxy.cuts, 1)
})

void test('silence in one direction leaves the other', async (t) => {
  const { proxy, near, far } = await through(t, { cut: { direction: 'up', afterBytes: 2, kind: 'silence' } })
  near.write('abcdef')
  t.equal(String((await once(far, 'data'))[0]), 'ab')
  far.write('yes')
  t.equal(String((await once(near, 'data'))[0]), 'yes')
  t.equal(proxy.open, 1)
})

void test('half-open: one end is gone, the other is not told', async (t) => {
  const { proxy, near, far } = await through(t, {})
  near.write('a')
  await once(far, 'data')
  const atFar = ended(far)
  proxy.cutAll('half-open')
  t.equal((await atFar).error, 'ECONNRESET')
  near.write('b')
  t.notOk(near.destroyed)
})

void test('late, slow, in pieces and gathered: every byte in order', async (t) => {
  for (const faults of [{ delayMs: 3, pieceBytes: 7 }, { bytesPerSecond: 100_000, pieceBytes: 100 }, { gatherMs: 5 }]) {
    const { near, far } = await through(t, faults)
    const text = Array.from({ length: 300 }, (_, n) => `${n} `).join('')
    const atFar = ended(far)
    far.on('end', () => far.end())
    near.resume()
    for (let at = 0; at < text.length; at += 50) near.write(text.slice(at, at + 50))
    near.end()
    t.equal((await atFar).text, text, JSON.stringify(faults))
  }
})
