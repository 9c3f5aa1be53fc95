import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { test, type Test } from 'tap'
import { nodeDial, type DialOptions } from '../../../plugins/remote-send/node-dial.js'
import type { Link, Peer } from '../../../src/remote/ports.js'
import { loadCredentials, serverTls } from '../../../src/remote/tls/tls-options.js'
import { makeAuthority } from '../../remote/tls/authority.js'

const PLAIN: DialOptions = {
  protocol: 'native',
  channel: { kind: 'tcp' },
  credentials: undefined,
  localPort: 0,
  connectTimeoutMs: 5000,
}

async function listen(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Dials, and resolves with the peer, or with why there is none. */
async function outcome(
  options: DialOptions,
  port: number,
  host = '127.0.0.1',
): Promise<{ readonly link: Link; readonly peer?: Peer; readonly why?: string }> {
  return new Promise((resolve) => {
    const link = nodeDial(options)(
      { host, port },
      {
        connected: (peer) => {
          resolve({ link, peer })
        },
        data: () => {},
        drained: () => {},
        closed: (why) => {
          resolve({ link, why })
        },
      },
    )
  })
}

void test('a link to auditd that rests reads nothing, and all of it later', async (t) => {
  const server = createServer((socket) => {
    socket.write('a')
    socket.once('data', () => socket.end('b', () => setImmediate(() => server.emit('written'))))
  })
  const port = await listen(t, server)
  const heard: string[] = []
  await new Promise<void>((resolve) => {
    const link = nodeDial({ ...PLAIN, protocol: 'managed' })(
      { host: '127.0.0.1', port },
      {
        connected: () => {},
        data: (bytes) => {
          heard.push(bytes.toString())
          if (heard.length > 1) return
          link.pause()
          link.write([Buffer.from('go on')])
        },
        drained: () => {},
        closed: () => {
          heard.push('closed')
          resolve()
        },
      },
    )
    server.once('written', () => {
      heard.push('resumed')
      link.resume()
    })
  })
  t.same(heard, ['a', 'resumed', 'b', 'closed'])
})

void test('bytes go both ways, and each end is told once', async (t) => {
  const server = createServer((socket) => socket.pipe(socket))
  const port = await listen(t, server)
  const heard: string[] = []
  await new Promise<void>((resolve) => {
    const link = nodeDial(PLAIN)(
      { host: '127.0.0.1', port },
      {
        connected: (peer) => {
          heard.push(peer.principal)
          link.write([Buffer.from('a'), Buffer.from('b'), Buffer.alloc(0), Buffer.from('c')])
        },
        data: (bytes) => {
          heard.push(bytes.toString())
          link.end()
        },
        drained: () => {},
        closed: () => {
          heard.push('closed')
          resolve()
        },
      },
    )
  })
  t.same(heard, [`127.0.0.1:${port}`, 'abc', 'closed'])
})

void test('a shut port, an unknown name, a server that says nothing: reasons in words, never an exception', async (t) => {
  const server = createServer()
  const port = await listen(t, server)
  await new Promise((resolve) => server.close(resolve))
  t.match((await outcome(PLAIN, port)).why, /ECONNREFUSED/)
  t.match((await outcome(PLAIN, port, 'no-such-host.invalid')).why, /no-such-host/)
  const authority = makeAuthority(t.testdir())
  const silent = createServer()
  const channel = { kind: 'tls', serverName: '', ...authority.issue('web1', 'URI:audit://site/web1') } as const
  const slow = { ...PLAIN, channel, credentials: loadCredentials(channel), connectTimeoutMs: 50 }
  t.match((await outcome(slow, await listen(t, silent))).why, /no connection after 50 ms/)
})

void test('TLS: the collector proves who it is, and that it speaks the protocol', async (t) => {
  const authority = makeAuthority(t.testdir())
  const own = { kind: 'tls', ...authority.issue('agg1', 'URI:audit://site/agg1,IP:127.0.0.1'), crl: '' } as const
  const server = loadCredentials(own)
  const channel = { kind: 'tls', serverName: '', ...authority.issue('web1', 'URI:audit://site/web1') } as const
  const options = { ...PLAIN, channel, credentials: loadCredentials(channel) }
  const port = await listen(t, createTlsServer(serverTls(() => server, { native: true })))
  const { peer, link } = await outcome(options, port)
  t.equal(peer?.principal, 'audit://site/agg1')
  t.ok((peer?.certificateEndMs ?? 0) > Date.now())
  link.destroy()
  const wrong = { ...options, channel: { ...channel, serverName: 'audit://site/agg2' } }
  t.match((await outcome(wrong, port)).why, /not for audit:\/\/site\/agg2/)
  const past = authority.issue('past', 'IP:127.0.0.1,DNS:past', { to: '20210101000000Z' })
  const ended = loadCredentials({ kind: 'tls', ...past, crl: '' })
  const stale = await listen(t, createTlsServer(serverTls(() => ended, { native: true })))
  t.equal((await outcome(options, stale)).why, 'its certificate has ended, or the clock here is ahead')
  const other = await listen(t, createTlsServer(serverTls(() => server, { native: false })))
  t.match((await outcome(options, other)).why, /does not speak arp\/1/)
})
