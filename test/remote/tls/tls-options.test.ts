import { spawn } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { test, type Test } from 'tap'
import type { CertificateFiles, ClientChannel, ServerChannel } from '../../../src/remote/channel.js'
import { clientTls, loadCredentials, serverTls } from '../../../src/remote/tls/tls-options.js'
import { handshakeFault } from '../../../src/remote/tls/handshake-fault.js'
import { peerOf } from '../../../src/remote/tls/tls-peer.js'
import { freePort } from '../../free-port.js'
import { makeAuthority, type Authority } from './authority.js'

const OPENSSL = '/usr/bin/openssl'
const PSK = '0123456789abcdef'.repeat(4)
const HOST = '127.0.0.1'

interface Meeting {
  /** Whom the server has met, or why it has met nobody. */
  readonly server: string
  readonly client: string
}

type Options = { readonly serverName?: string; readonly native?: boolean; readonly host?: string }

/** Lets a client connect to a server once. */
async function meet(
  t: Test,
  serverChannel: Exclude<ServerChannel, { kind: 'tcp' }>,
  clientChannel: Exclude<ClientChannel, { kind: 'tcp' }>,
  { native = true }: Options = {},
): Promise<Meeting> {
  const { port, met } = await listen(t, serverChannel, native)
  const host = HOST
  const identity = clientChannel.kind === 'tls-psk' ? clientChannel.identity : undefined
  const serverName = clientChannel.kind === 'tls' ? clientChannel.serverName : ''
  const client = await new Promise<string>((resolve) => {
    const socket = connect(clientTls(loadCredentials(clientChannel), { host, port }, { native, serverName }), () => {
      resolve(peerOf(socket, identity)?.principal ?? 'nobody')
      socket.end('x')
    })
    socket.on('error', (error) => resolve(whyOf(error)))
  })
  return { client, server: await met }
}

async function listen(
  t: Test,
  channel: Exclude<ServerChannel, { kind: 'tcp' }>,
  native = true,
): Promise<{ port: number; met: Promise<string>; server: Server }> {
  const credentials = loadCredentials(channel)
  const server = createServer(serverTls(() => credentials, { native }))
  t.teardown(() => server.close())
  const met = new Promise<string>((resolve) => {
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => socket.destroy())
      // The word of the client is what shows that it has accepted the server.
      socket.once('data', () => resolve(peerOf(socket)?.principal ?? 'nobody'))
      socket.once('close', () => resolve('closed'))
    })
    server.on('tlsClientError', (error, socket) => resolve(handshakeFault(error, socket).code))
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  return { port: portOf(server), met, server }
}

function portOf(server: Pick<Server, 'address'>): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function whyOf(error: Error): string {
  return handshakeFault(error).code
}

function serverOf(files: CertificateFiles, crl = ''): Exclude<ServerChannel, { kind: 'tcp' }> {
  return { kind: 'tls', ...files, crl }
}

function clientOf(
  files: CertificateFiles,
  serverName = 'audit://example/agg1',
): Exclude<ClientChannel, { kind: 'tcp' }> {
  return { kind: 'tls', ...files, serverName }
}

interface Cast {
  readonly dir: string
  readonly authority: Authority
  readonly collector: CertificateFiles
  readonly sender: CertificateFiles
}

function cast(t: Test): Cast {
  const dir = t.testdir({ own: {}, other: {}, key: PSK })
  chmodSync(join(dir, 'key'), 0o400)
  const authority = makeAuthority(join(dir, 'own'))
  const collector = authority.issue('agg1', 'URI:audit://example/agg1,DNS:agg1.example.org,IP:127.0.0.1')
  return { dir, authority, collector, sender: authority.issue('web1', 'URI:audit://example/web1,DNS:web1.example.org') }
}

void test('certificates: who is let in, and who is not', async (t) => {
  const { authority, collector, sender } = cast(t)
  const both = { server: 'audit://example/web1', client: 'audit://example/agg1' }
  t.same(await meet(t, serverOf(collector), clientOf(sender)), both, 'by audit URI')
  t.same(await meet(t, serverOf(collector), clientOf(sender, 'agg1.example.org')), both, 'by DNS name')
  t.same(await meet(t, serverOf(collector), clientOf(sender, '')), both, 'by the address that was connected to')

  for (const wrong of ['audit://example/agg2', 'agg2.example.org', 'localhost', '127.0.0.2']) {
    const { client, server } = await meet(t, serverOf(collector), clientOf(sender, wrong))
    t.equal(client, 'ERR_TLS_CERT_ALTNAME_INVALID', `the server is not ${wrong}`)
    t.not(server, 'audit://example/web1', 'nothing was sent to it')
  }
  const uri = authority.issue('uri', 'URI:audit://example/agg1')
  t.match(
    await meet(t, serverOf(uri), clientOf(sender, 'localhost')),
    { client: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    'its common name',
  )
  const plain = authority.issue('plain', '')
  t.throws(
    () => loadCredentials(serverOf(plain)),
    { code: 'unusable', message: /names nobody/ },
    'a common name is no name',
  )
  const dns = authority.issue('dns', 'DNS:Web2.example.org,DNS:other')
  t.match(await meet(t, serverOf(collector), clientOf(dns)), { server: 'web2.example.org' }, 'the first DNS name')

  t.match(await meet(t, serverOf(collector), clientOf(authority.issue('old', 'DNS:old', { to: '20210101000000Z' }))), {
    server: 'CERT_HAS_EXPIRED',
  })
  t.match(
    await meet(t, serverOf(collector), clientOf(authority.issue('new', 'DNS:new', { from: '20980101000000Z' }))),
    { server: 'CERT_NOT_YET_VALID' },
  )
  t.match(
    await meet(
      t,
      serverOf(authority.issue('old2', 'IP:127.0.0.1,DNS:a', { to: '20210101000000Z' })),
      clientOf(sender, ''),
    ),
    { client: 'CERT_HAS_EXPIRED' },
  )
  t.match(
    await meet(
      t,
      serverOf(authority.issue('new2', 'IP:127.0.0.1,DNS:a', { from: '20980101000000Z' })),
      clientOf(sender, ''),
    ),
    { client: 'CERT_NOT_YET_VALID' },
  )
})

void test('certificates of another authority, none, and revoked ones', async (t) => {
  const { dir, authority, collector, sender } = cast(t)
  const other = makeAuthority(join(dir, 'other'))
  const theirs = other.issue('web1', 'URI:audit://example/web1')
  t.match(
    await meet(t, serverOf(collector), clientOf({ ...theirs, ca: authority.ca })),
    { server: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED/ },
    'an impostor with a name that is right',
  )
  t.match(await meet(t, serverOf(collector), clientOf({ ...sender, ca: other.ca })), {
    client: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED/,
  })

  const { port, met } = await listen(t, serverOf(collector))
  connect({ host: HOST, port, rejectUnauthorized: false, ALPNProtocols: ['arp/1'] }).on('error', () => {})
  t.equal(await met, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE')

  const web2 = authority.issue('web2', 'DNS:web2')
  const crl = authority.revoke('web1')
  t.match(await meet(t, serverOf(collector, crl), clientOf(sender)), { server: 'CERT_REVOKED' })
  t.match(await meet(t, serverOf(collector, crl), clientOf(web2)), { server: 'web2', client: 'audit://example/agg1' })
})

void test('only TLS 1.3, only our protocol, and no session is resumed', async (t) => {
  const { collector, sender } = cast(t)
  const own = loadCredentials(clientOf(sender))
  const options = (port: number) => clientTls(own, { host: HOST, port }, { native: true, serverName: '' })

  const old = await listen(t, serverOf(collector))
  connect({ ...options(old.port), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }).on('error', () => {})
  t.equal(await old.met, 'ERR_SSL_UNSUPPORTED_PROTOCOL')

  const foreign = await listen(t, serverOf(collector))
  connect({ ...options(foreign.port), ALPNProtocols: ['h2'] }).on('error', () => {})
  t.match(await foreign.met, /ALPN|APPLICATION_PROTOCOL/i)

  const again = await listen(t, serverOf(collector))
  again.server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('data', () => socket.write('welcome'))
  })
  // What could be resumed with has come when the server has answered.
  const session = await new Promise<Buffer | undefined>((resolve) => {
    let ticket: Buffer | undefined
    const socket = connect(options(again.port), () => socket.write('x'))
    socket.on('session', (bytes: Buffer) => {
      ticket = bytes
    })
    socket.once('data', () => resolve(ticket))
    t.teardown(() => socket.destroy())
  })
  const isReused = await new Promise<boolean>((resolve) => {
    const socket = connect({ ...options(again.port), ...(session === undefined ? {} : { session }) }, () => {
      resolve(socket.isSessionReused())
      socket.destroy()
    })
  })
  t.notOk(isReused)
})

void test('a listener that lets everybody in still knows who has proved nothing', async (t) => {
  const { dir, authority, collector, sender } = cast(t)
  const theirs = makeAuthority(join(dir, 'other')).issue('web1', 'URI:audit://example/web1')
  const own = loadCredentials(serverOf(collector))
  const server = createServer({ ...serverTls(() => own, { native: true }), rejectUnauthorized: false })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const met = async (files: CertificateFiles): Promise<string> => {
    const options = { native: true, serverName: '' }
    const here = loadCredentials(clientOf({ ...files, ca: authority.ca }))
    const socket = connect(clientTls(here, { host: HOST, port: portOf(server) }, options))
    t.teardown(() => socket.destroy())
    return new Promise((resolve) => {
      server.once('secureConnection', (end: TLSSocket) => resolve(peerOf(end)?.principal ?? 'nobody'))
    })
  }
  t.equal(await met(sender), 'audit://example/web1')
  t.equal(await met(theirs), 'nobody')
})

void test('keys: who is let in, and who is not', async (t) => {
  const dir = t.testdir({ key: PSK, other: PSK.replace('0', '1'), second: PSK.replace('0', '2') })
  for (const name of ['key', 'other', 'second']) chmodSync(join(dir, name), 0o400)
  const server = (allowedClients = ''): Exclude<ServerChannel, { kind: 'tcp' }> => ({
    kind: 'tls-psk',
    file: join(dir, 'key'),
    identity: 'web1',
    allowedClients,
  })
  const client = (file: string, identity: string): Exclude<ClientChannel, { kind: 'tcp' }> => ({
    kind: 'tls-psk',
    file: join(dir, file),
    identity,
  })
  t.same(await meet(t, server(), client('key', 'web1')), { server: 'web1', client: 'web1' })
  t.not((await meet(t, server(), client('other', 'web1'))).server, 'web1', 'another key')
  t.not((await meet(t, server(), client('key', 'web2'))).server, 'web2', 'another identity')
  t.same(
    await meet(t, server(), client('key', 'web1'), { native: false }),
    { server: 'web1', client: 'web1' },
    "auditd's protocol, which has no name",
  )

  writeFileSync(
    join(dir, 'clients'),
    `web1 enabled key=${dir}/key\nweb2 enabled key=${dir}/second # new\nweb3 disabled key=${dir}/other\n`,
  )
  const list = server(join(dir, 'clients'))
  t.match(await meet(t, list, client('key', 'web1')), { server: 'web1' })
  t.match(await meet(t, list, client('second', 'web2')), { server: 'web2' })
  t.not((await meet(t, list, client('key', 'web2'))).server, 'web2', "another client's key")
  t.not((await meet(t, list, client('other', 'web3'))).server, 'web3', 'disabled')
})

void test('a server that shows a certificate instead of using the key', async (t) => {
  const { dir, collector } = cast(t)
  const { port } = await listen(t, serverOf(collector))
  const why = await new Promise<string>((resolve) => {
    const credentials = loadCredentials({ kind: 'tls-psk', file: join(dir, 'key'), identity: 'web1' })
    const socket = connect(clientTls(credentials, { host: HOST, port }, { native: true, serverName: '' }), () =>
      resolve('accepted'),
    )
    socket.on('error', (error) => resolve(whyOf(error)))
  })
  t.not(why, 'accepted')
})

void test('keys with openssl at the other end', async (t) => {
  const dir = t.testdir({ key: PSK })
  chmodSync(join(dir, 'key'), 0o400)
  const file = join(dir, 'key')
  const ours = await listen(t, { kind: 'tls-psk', file, identity: 'web1', allowedClients: '' })
  openssl(
    t,
    [
      's_client',
      '-connect',
      `${HOST}:${ours.port}`,
      '-psk',
      PSK,
      '-psk_identity',
      'web1',
      '-tls1_3',
      '-alpn',
      'arp/1',
      '-quiet',
    ],
    'x\n',
  )
  t.equal(await ours.met, 'web1')

  for (const suite of ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']) {
    const each = await listen(t, { kind: 'tls-psk', file, identity: 'web1', allowedClients: '' })
    openssl(
      t,
      [
        's_client',
        '-connect',
        `${HOST}:${each.port}`,
        '-psk',
        PSK,
        '-psk_identity',
        'web1',
        '-tls1_3',
        '-alpn',
        'arp/1',
        '-ciphersuites',
        suite,
        '-quiet',
      ],
      'x\n',
    )
    t.equal((await each.met) === 'web1', suite.endsWith('SHA256'), suite)
  }

  const port = await freePort()
  const server = openssl(
    t,
    [
      's_server',
      '-accept',
      `${HOST}:${port}`,
      '-nocert',
      '-psk',
      PSK,
      '-psk_identity',
      'web1',
      '-tls1_3',
      '-alpn',
      'arp/1',
    ],
    '',
  )
  await new Promise<void>((resolve) => {
    let said = ''
    server.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes('ACCEPT')) resolve()
    })
  })
  const credentials = loadCredentials({ kind: 'tls-psk', file, identity: 'web1' })
  const met = await new Promise<string>((resolve) => {
    const socket = connect(clientTls(credentials, { host: HOST, port }, { native: true, serverName: '' }), () => {
      resolve(`${peerOf(socket, 'web1')?.principal} ${socket.getCipher().name} ${socket.alpnProtocol}`)
      socket.destroy()
    })
    socket.on('error', (error) => resolve(whyOf(error)))
  })
  t.equal(met, 'web1 TLS_AES_128_GCM_SHA256 arp/1')
})

void test('files that do not fit are refused before they are used', (t) => {
  const dir = t.testdir()
  const made = makeAuthority(dir)
  const good = made.issue('good', 'DNS:good')
  const two = made.issue('two', 'URI:audit://a/b,URI:audit://a/c')
  writeFileSync(join(dir, 'junk'), 'junk')
  const bad: readonly (readonly [files: CertificateFiles, file: string, said: RegExp])[] = [
    [{ ...good, key: two.key }, good.cert, /is not the certificate of the key /],
    [{ ...good, cert: join(dir, 'junk') }, join(dir, 'junk'), /is no certificate in PEM/],
    [{ ...good, ca: join(dir, 'junk') }, join(dir, 'junk'), /is no certificate in PEM/],
    [{ ...good, ca: join(dir, 'absent') }, join(dir, 'absent'), /does not exist/],
    [two, two.cert, /names nobody/],
  ]
  for (const [files, file, said] of bad)
    t.throws(() => loadCredentials(serverOf(files)), { name: 'CredentialError', file, message: said })
  t.throws(() => loadCredentials(serverOf(good, join(dir, 'junk'))), { message: /is no list of revoked certificates/ })
  t.match(loadCredentials(serverOf(good)), {
    kind: 'tls',
    principal: 'good',
    certificateEndMs: Date.parse('2099-12-31'),
  })
  t.end()
})

function openssl(t: Test, args: readonly string[], input: string) {
  const child = spawn(OPENSSL, args, { env: {}, stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  if (input !== '') child.stdin.write(input)
  t.teardown(() => child.kill('SIGKILL'))
  return child
}
