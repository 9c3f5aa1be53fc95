import { X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { test, type Test } from 'tap'
import { cert } from '../../src/ctl/cert.js'
import { readAllowList } from '../../src/remote/tls/allow-list.js'
import { handshakeFault } from '../../src/remote/tls/handshake-fault.js'
import { clientTls, loadCredentials, serverTls } from '../../src/remote/tls/tls-options.js'
import { peerOf } from '../../src/remote/tls/tls-peer.js'
import { fakeHost } from './fake-host.js'

const HOST = '127.0.0.1'
const DAY_MS = 86_400_000

async function run(...args: readonly string[]) {
  const host = fakeHost('/')
  const status = await cert(args, host)
  return { status, ...host.printed() }
}

async function good(t: Test, ...args: readonly string[]): Promise<string> {
  const { status, out, warned } = await run(...args)
  t.same([status, warned], [0, ''], args.join(' '))
  return out
}

function filesOf(dir: string) {
  return { ca: join(dir, 'ca.pem'), cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
}

function mode(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8)
}

/** Whom the two ends meet; the server's word counts only once the client has said something. */
async function meet(t: Test, collector: string, sender: string, serverName: string): Promise<string> {
  const own = loadCredentials({ kind: 'tls', ...filesOf(collector), crl: '' })
  const server = createServer(serverTls(() => own, { native: true }))
  t.teardown(() => server.close())
  const met = new Promise<string>((resolve) => {
    server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => resolve(peerOf(socket)?.principal ?? 'nobody'))
    })
    server.on('tlsClientError', (error, socket) => resolve(handshakeFault(error, socket).code))
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const theirs = loadCredentials({ kind: 'tls', ...filesOf(sender), crl: '' })
  const socket = connect(clientTls(theirs, { host: HOST, port }, { native: true, serverName }), () => socket.end('x'))
  const refused = new Promise<string>((resolve) =>
    socket.on('error', (error) => resolve(`client: ${handshakeFault(error).code}`)),
  )
  return Promise.race([met, refused])
}

void test('three commands, and two machines know each other', async (t) => {
  const root = t.testdir()
  const [ca, collector, sender] = [join(root, 'ca'), join(root, 'agg1'), join(root, 'web1')]
  t.match(await good(t, 'ca', ca, '--site', 'example'), /the authority of example\./)
  await good(
    t,
    'collector',
    ca,
    'agg1',
    '--dns',
    'agg1.example.org',
    '--ip',
    HOST,
    '--install',
    '--install-dir',
    collector,
  )
  const said = await good(t, 'sender', ca, 'web1', 'web2')
  t.match(
    said,
    new RegExp(`made ${ca}/hosts/web1: audit://example/web1\\n +to its machine: .*scp -p ${ca}/hosts/web1/\\*`),
  )
  await good(t, 'sender', ca, 'web3', '--install', '--install-dir', sender)

  t.equal(await meet(t, collector, join(ca, 'hosts/web1'), 'agg1.example.org'), 'audit://example/web1')
  t.equal(await meet(t, collector, sender, ''), 'audit://example/web3', 'by the address')
  t.equal(
    await meet(t, collector, collector, 'audit://example/agg1'),
    'audit://example/agg1',
    'a collector may send on',
  )
  t.match(
    await meet(t, join(ca, 'hosts/web1'), join(ca, 'hosts/web2'), 'web1'),
    /INVALID_PURPOSE|UNSUPPORTED_CERTIFICATE/,
    'a sender cannot stand for a collector',
  )
  t.equal(await meet(t, collector, sender, 'agg2.example.org'), 'client: ERR_TLS_CERT_ALTNAME_INVALID')

  const { list } = readAllowList(readFileSync(join(collector, 'allow')), 'allow')
  for (const name of ['web1', 'web2', 'web3']) t.match(list?.judge(`audit://example/${name}`), { kind: 'allowed' })
  t.match(list?.judge('audit://example/agg1'), { kind: 'unknown' }, 'the collector does not send')
})

void test('what is written, and who may read it', async (t) => {
  const ca = join(t.testdir(), 'ca')
  await good(t, 'ca', ca, '--site', 'example', '--days', '100')
  await good(t, 'collector', ca, 'agg1', '--days', '10')
  await good(t, 'sender', ca, 'web1', '--days', '200')
  t.same(readdirSync(ca).sort(), ['allow', 'ca-key.pem', 'ca.pem', 'hosts'], 'and nothing is left over')
  t.same(readdirSync(join(ca, 'hosts/web1')).sort(), ['ca.pem', 'cert.pem', 'key.pem'])
  for (const dir of [ca, join(ca, 'hosts'), join(ca, 'hosts/web1')]) t.equal(mode(dir), '700', dir)
  for (const key of ['ca-key.pem', 'hosts/web1/key.pem', 'hosts/agg1/key.pem']) t.equal(mode(join(ca, key)), '400', key)
  for (const file of ['ca.pem', 'allow', 'hosts/web1/cert.pem', 'hosts/web1/ca.pem'])
    t.equal(mode(join(ca, file)), '644', file)

  const of = (file: string) => new X509Certificate(readFileSync(join(ca, file)))
  const [authority, agg1, web1] = [of('ca.pem'), of('hosts/agg1/cert.pem'), of('hosts/web1/cert.pem')]
  t.equal(agg1.subjectAltName, 'URI:audit://example/agg1, DNS:agg1', 'its name, where no other is given')
  t.equal(web1.subjectAltName, 'URI:audit://example/web1, DNS:web1')
  t.same([agg1.keyUsage, web1.keyUsage], [['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], ['1.3.6.1.5.5.7.3.2']])
  t.same([authority.ca, agg1.ca, web1.ca], [true, false, false])
  t.ok([agg1, web1].every((each) => each.verify(authority.publicKey) && each.checkIssued(authority)))
  t.equal(new Set([authority, agg1, web1].map(({ serialNumber }) => serialNumber)).size, 3)
  t.ok(agg1.serialNumber.length >= 32, 'a serial that nobody can guess')
  t.match(web1.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' })
  const daysLeft = (each: X509Certificate) => Math.round((Date.parse(each.validTo) - Date.now()) / DAY_MS)
  t.same([authority, agg1, web1].map(daysLeft), [100, 10, 100], 'none outlives the authority')
  t.ok(Date.parse(web1.validFrom) < Date.now() - 1000_000, 'good for clocks that are behind')
})

void test('the longest names', async (t) => {
  const ca = join(t.testdir(), 'ca')
  const [site, name] = ['s'.repeat(63), 'n'.repeat(63)]
  await good(t, 'ca', ca, '--site', site)
  await good(t, 'collector', ca, name, '--dns', `${'d'.repeat(60)}.${'e'.repeat(60)}`)
  t.match(await good(t, 'show', join(ca, 'hosts', name, 'cert.pem')), `audit://${site}/${name}`)
})

void test('nothing is overwritten', async (t) => {
  const root = t.testdir()
  const [ca, here] = [join(root, 'ca'), join(root, 'here')]
  await good(t, 'ca', ca, '--site', 'example')
  await good(t, 'sender', ca, 'web1', '--install', '--install-dir', here)
  const before = readFileSync(join(ca, 'hosts/web1/key.pem'), 'utf8')
  t.match(await run('ca', ca, '--site', 'other'), {
    status: 78,
    warned: /ca-key\.pem is there already\n.*an authority is not overwritten/,
  })
  t.match(await run('sender', ca, 'web1'), {
    status: 78,
    warned: /hosts\/web1 is there already\n.*audispctl cert renew/,
  })
  t.match(await run('collector', ca, 'web1'), { status: 78, warned: /is there already/ })
  t.match(await run('sender', ca, 'web2', '--install', '--install-dir', here), {
    status: 78,
    warned: /here\/key\.pem is there already/,
  })
  t.equal(readFileSync(join(here, 'key.pem'), 'utf8'), before)
  t.equal(readFileSync(join(ca, 'hosts/web1/key.pem'), 'utf8'), before)
})

void test('a renewed certificate has the same names, another key, and takes the place of the old one', async (t) => {
  const root = t.testdir()
  const [ca, here] = [join(root, 'ca'), join(root, 'here')]
  await good(t, 'ca', ca, '--site', 'example')
  await good(
    t,
    'collector',
    ca,
    'agg1',
    '--dns',
    'a.example.org',
    '--dns',
    'b.example.org',
    '--ip',
    HOST,
    '--ip',
    '2001:db8::1',
    '--install',
    '--install-dir',
    here,
  )
  await good(t, 'sender', ca, 'web1')
  const of = () => new X509Certificate(readFileSync(join(here, 'cert.pem')))
  const before = of()
  for (let time = 0; time < 2; time++)
    await good(t, 'renew', ca, 'agg1', '--days', '7', '--install', '--install-dir', here)
  const after = of()
  t.equal(after.subjectAltName, before.subjectAltName)
  t.same(after.keyUsage, before.keyUsage)
  t.not(after.serialNumber, before.serialNumber)
  t.notOk(after.publicKey.equals(before.publicKey))
  t.ok(Date.parse(after.validTo) < Date.now() + 8 * DAY_MS)
  t.equal(await meet(t, here, join(ca, 'hosts/web1'), 'b.example.org'), 'audit://example/web1')
  t.same(readdirSync(join(ca, 'hosts')).sort(), ['agg1', 'agg1.old', 'web1'])
  t.match(await run('renew', ca, 'web9'), { status: 78, warned: /hosts\/web9\/cert\.pem is not there/ })
})

void test('a list is not made one that no collector takes', async (t) => {
  const ca = join(t.testdir(), 'ca')
  await good(t, 'ca', ca, '--site', 'example')
  const list = 'audit://example/web1 alias=audit://example/web01\n'
  writeFileSync(join(ca, 'allow'), list)
  const { status, warned } = await run('revoke', ca, 'web01')
  t.equal(status, 78)
  t.match(warned, /allow:2: 'audit:\/\/example\/web01' is on line 1 already/)
  t.equal(readFileSync(join(ca, 'allow'), 'utf8'), list)
})

void test('who is revoked is let in no more', async (t) => {
  const ca = join(t.testdir(), 'ca')
  await good(t, 'ca', ca, '--site', 'example')
  await good(t, 'sender', ca, 'web1', 'web2', 'web3')
  const file = join(ca, 'allow')
  const edited = readFileSync(file, 'utf8').replace('/web2', '/web2 weight=2   # the slow one')
  writeFileSync(file, edited)
  await good(t, 'revoke', ca, 'web2', 'web9')
  await good(t, 'revoke', ca, 'web2')
  t.equal(
    readFileSync(file, 'utf8'),
    `${edited.replace('weight=2 ', 'weight=2 revoked ')}audit://example/web9 revoked\n`,
    'the rest of the file is as it was',
  )
  const judge = (name: string) => readAllowList(readFileSync(file), 'allow').list?.judge(`audit://example/${name}`).kind
  t.same(['web1', 'web2', 'web3', 'web9'].map(judge), ['allowed', 'revoked', 'allowed', 'revoked'])

  writeFileSync(file, 'web1 wieght=1\n')
  t.match(await run('revoke', ca, 'web1'), { status: 78, warned: /allow:1: 'wieght=1' is not/ })
  t.equal(readFileSync(file, 'utf8'), 'web1 wieght=1\n', 'a list with a mistake is left alone')
})

void test('what there is, and until when', async (t) => {
  const ca = join(t.testdir(), 'ca')
  await good(t, 'ca', ca, '--site', 'example')
  await good(t, 'sender', ca, 'web1', 'web2')
  const out = await good(t, 'show', ca)
  t.match(out, /ca\.pem\n {2}authority {2}audit:\/\/example\/ca\n/)
  t.match(
    out,
    /hosts\/web1\/cert\.pem\n {2}name {7}audit:\/\/example\/web1\n {2}also {7}URI:audit:\/\/example\/web1, DNS:web1\n {2}good until \d{4}-\d\d-\d\dT.*Z, 36[45]d/,
  )
  const one = await run('show', '--json', join(ca, 'hosts/web1/cert.pem'))
  t.match(JSON.parse(one.out), {
    verb: 'cert show',
    certificates: [{ principal: 'audit://example/web1', hasKey: true, hasEnded: false }],
    exitStatus: 0,
  })
  const other = readFileSync(join(ca, 'hosts/web2/cert.pem'))
  writeFileSync(join(ca, 'hosts/web1/cert.pem'), other)
  t.match(await run('show', ca), { status: 1, out: /the key\.pem beside it is not its key/ })
  t.match(await run('show', join(ca, 'allow')), { status: 78, warned: /allow: is no certificate in PEM/ })
  t.match(await run('show', join(ca, 'absent')), { status: 71, warned: /absent: no such file or directory/ })
})

void test('wrong ways to ask', async (t) => {
  const root = t.testdir()
  const ca = join(root, 'ca')
  await good(t, 'ca', ca, '--site', 'example')
  const wrong: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['ca'], /the directory of the authority is missing/],
    [['ca', join(root, 'x'), 'y'], /one directory is needed/],
    [['ca', join(root, 'x'), '--site', 'a b'], /'a b': a site is/],
    [['ca', join(root, 'x'), '--dns', 'a'], /--dns is not for 'cert ca'/],
    [['sender', ca], /the name of the machine is missing/],
    [['sender', ca, '../x'], /'\.\.\/x': a name is/],
    [['sender', ca, 'ca'], /and not 'ca'/],
    [['sender', ca, 'a', 'b', '--install'], /--install is for one machine/],
    [['sender', ca, 'a', '--days', '0'], /--days: '0' is not a whole number from 1 to 36500/],
    [['collector', ca, 'a', 'b'], /one collector at a time/],
    [['collector', ca, 'a', '--dns', 'a,DNS:evil'], /--dns: 'a,DNS:evil' is no name of a machine/],
    [['collector', ca, 'a', '--ip', '1.2.3'], /--ip: '1\.2\.3' is no address/],
    [['show'], /a file or a directory is missing/],
    [['show', '--what'], /--what/],
  ]
  for (const [args, said] of wrong) t.match(await run(...args), { status: 64, warned: said }, args.join(' '))
  await t.rejects(run('sendr'), { code: 'usage', message: /there is no 'cert sendr'/ })
  await t.rejects(run(), { code: 'usage' })
  t.match(await run('--help'), { status: 0, out: /^usage: audispctl cert ca DIR/ })
  t.match(await run('ca', '--help'), { status: 0, out: /^usage: audispctl cert ca DIR/ })
  t.match(await run('sender', join(root, 'none'), 'a'), {
    status: 78,
    warned: /is no authority: there is no ca\.pem\n.*audispctl cert ca /,
  })
  t.match(await run('ca', join(root, 'a/b'), '--site', 'x'), {
    status: 71,
    warned: /a\/b cannot be made: no such file or directory\n.*make .*\/a first/,
  })
  const foreign = join(root, 'foreign')
  mkdirSync(foreign)
  writeFileSync(join(foreign, 'ca.pem'), 'junk')
  t.match(await run('sender', foreign, 'a'), {
    status: 78,
    warned: /foreign\/ca\.pem was not made by audispctl cert ca/,
  })
})
