// A server that is killed in mid-stream, that is away, and that is not the one that was meant: nothing is lost that is not counted.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { makeAuthority } from '../remote/tls/authority.js'
import { missingPrograms } from './kernel.js'
import { SyslogPlugin } from './syslog-plugin.js'
import { startRsyslog, type SyslogServer } from './syslog-servers.js'
import { until } from './until.js'

const COUNT = 10_000
const SOME = 10
const SOON = 'retry_time = 0.05s..0.2s'
const skip =
  process.getuid?.() === 0 ? missingPrograms('rsyslogd', 'openssl') : 'only root reads what only root may write'

const RECORDS: readonly Buffer[] = Array.from({ length: COUNT }, (_, index) =>
  Buffer.from(
    `type=USER msg=audit(1795288121.${String(index % 1000).padStart(3, '0')}:${index + 1}): n=${'z'.repeat(100)}`,
  ),
)

function makeDir(t: Test): string {
  const dir = mkdtempSync('/tmp/audispd-syslog-files-')
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

function config(dir: string, ...lines: readonly string[]): string {
  const path = join(dir, 'syslog.conf')
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** How often each record has come, by its serial. */
function arrivals(server: SyslogServer): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const { msg } of server.messages(0)) {
    const [, serial = ''] = /msg=audit\([\d.]+:(\d+)\)/.exec(msg) ?? []
    found.set(serial, (found.get(serial) ?? 0) + 1)
  }
  return found
}

function total(found: ReadonlyMap<string, number>): number {
  return [...found.values()].reduce((sum, count) => sum + count, 0)
}

/** Sends everything while the server is killed twice. */
async function throughKills(t: Test, server: SyslogServer, file: string): Promise<SyslogPlugin> {
  const plugin = new SyslogPlugin(t, [file])
  const half = COUNT / 2
  const giving = plugin.give(RECORDS.slice(0, half))
  await server.has(COUNT / 5)
  await server.kill()
  // However far it had come, some are there that nobody takes.
  const waiting = giving.then(() => plugin.give(RECORDS.slice(half, half + SOME)))
  await plugin.says('records wait')
  await server.restart()
  await waiting
  const more = plugin.give(RECORDS.slice(half + SOME))
  await server.has(server.count() + 500)
  await server.kill()
  await server.restart()
  await more
  await plugin.allAcked()
  t.equal(await plugin.stop(), 0, 'it ends well')
  return plugin
}

void test('a server killed in mid-stream costs nothing but repeats, which are counted', { skip }, async (t) => {
  for (const transport of ['tcp', 'tls', 'local'] as const) {
    const dir = makeDir(t)
    const authority = makeAuthority(dir)
    authority.issue('client', 'DNS:client')
    const server = await startRsyslog(t, authority.issue('server', 'DNS:localhost'))
    const tls = [`tls_ca = ${dir}/ca.pem`, `tls_cert = ${dir}/client.pem`, `tls_key = ${dir}/client-key.pem`]
    const places = {
      tcp: `tcp://127.0.0.1:${server.port}`,
      tls: `tls://localhost:${server.tlsPort}`,
      local: server.socket,
    }
    const plugin = await throughKills(
      t,
      server,
      config(dir, `server = ${places[transport]}`, SOON, 'confirm_max = 256K', ...(transport === 'tls' ? tls : [])),
    )
    // What lies in a socket when the plugin has ended is still to be written.
    const found = await until(
      () => `each record by ${transport}, not ${arrivals(server).size}`,
      () => {
        const come = arrivals(server)
        return come.size === COUNT && come
      },
    )
    const repeats = total(found) - found.size
    const counted = plugin.counted('sentAgain')
    t.ok(
      repeats <= counted && counted < COUNT,
      `${repeats} repeats, ${counted} sent again: ${plugin.words.slice(-500)}`,
    )
  }
})

void test('what is not to be sent again is counted as in doubt', { skip }, async (t) => {
  const dir = makeDir(t)
  const server = await startRsyslog(t)
  const plugin = await throughKills(
    t,
    server,
    config(dir, `server = tcp://127.0.0.1:${server.port}`, SOON, 'resend = no', 'confirm_max = 64K'),
  )
  const counted = plugin.counted('inDoubt')
  // What lies in a socket when the plugin has ended is still to be read.
  await server.has(COUNT - counted)
  const found = arrivals(server)
  t.equal(total(found), found.size, 'nothing comes twice')
  const lost = COUNT - found.size
  t.ok(lost <= counted && counted < COUNT / 2, `${lost} lost, ${counted} in doubt`)
})

void test(
  'under auditd: what there is no room for while the server is away is counted exactly',
  { skip },
  async (t) => {
    const dir = makeDir(t)
    const server = await startRsyslog(t)
    await server.kill()
    const plugin = new SyslogPlugin(
      t,
      [config(dir, `server = tcp://127.0.0.1:${server.port}`, SOON, 'buffer = 256K')],
      {
        isString: true,
      },
    )
    await plugin.says('records wait')
    await plugin.giveLines(RECORDS.slice(0, COUNT / 2))
    await plugin.says('new records are dropped')
    await server.restart()
    await plugin.says('there again')
    await plugin.giveLines(RECORDS.slice(COUNT / 2, COUNT / 2 + 500))
    t.equal(await plugin.endInput(), 0)
    const dropped = plugin.counted('dropped')
    await server.has(COUNT / 2 + 500 - dropped)
    const found = arrivals(server)
    t.equal(found.size + dropped, COUNT / 2 + 500, `${dropped} dropped, told: ${plugin.words.slice(-700)}`)
    t.ok(dropped > COUNT / 4, 'the buffer has a bound')
    t.equal(total(found), found.size, 'nothing comes twice')
  },
)

void test('TLS: a server that is not the one, and one that does not want us', { skip }, async (t) => {
  const dir = makeDir(t)
  const authority = makeAuthority(dir)
  authority.issue('client', 'DNS:client')
  const server = await startRsyslog(t, authority.issue('server', 'DNS:localhost'))
  const otherDir = makeDir(t)
  const other = makeAuthority(otherDir)
  const stranger = other.issue('client', 'DNS:client')
  const place = `server = tls://localhost:${server.tlsPort}`
  const ca = `tls_ca = ${dir}/ca.pem`
  const own = [`tls_cert = ${dir}/client.pem`, `tls_key = ${dir}/client-key.pem`]
  const refusals = [
    ['another name', [ca, ...own, 'tls_server_name = other.example'], 'not for other.example'],
    ['another authority', [`tls_ca = ${otherDir}/ca.pem`, ...own], 'not signed by our authority'],
    ['no certificate of our own', [ca], 'records wait'],
    ['one of a stranger', [ca, `tls_cert = ${stranger.cert}`, `tls_key = ${stranger.key}`], 'records wait'],
  ] as const
  for (const [name, lines, words] of refusals) {
    const plugin = new SyslogPlugin(t, [config(dir, place, SOON, ...lines)])
    await plugin.give(RECORDS.slice(0, 10))
    await plugin.says(words)
    t.equal(await plugin.stop(), 0, name)
    t.notMatch(plugin.words, 'there again', 'nobody takes it for a success')
  }
  t.equal(server.count(), 0, 'nothing has come')
  const plugin = new SyslogPlugin(t, [config(dir, place, SOON, ca, ...own)])
  await plugin.give(RECORDS.slice(0, 10))
  await plugin.allAcked()
  await server.has(10)
  t.equal(await plugin.stop(), 0, 'with the right ones it goes')
})
