// TLS with an external key as auditd has it from 4.2 on, against the openssl program: s_client speaks to remote-recv, remote-send to
// s_server, both as they run, with auditd's own protocol inside.

import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { Daemon } from '../e2e/daemon.js'
import { endAtSigterm, NO_INPUT } from '../e2e/keeper.js'
import { Place } from '../e2e/place.js'
import { frames } from '../e2e/records.js'
import { remoteSend } from '../e2e/remote-send-place.js'
import { rmw } from '../remote/rmw/wire.js'
import { freePort } from '../free-port.js'

t.setTimeout(120_000)

const OPENSSL = '/usr/bin/openssl'
const RECV = resolve('build/plugins/remote-recv/main.js')
const IDENTITY = 'web1'
const SUITE = 'TLS_AES_128_GCM_SHA256'
const ACK = 0x40000000
const HEADER_BYTES = 16
const RECORD = 'type=USER msg=audit(1700000000.000:1): by a key'

/** openssl with its standard streams in the test's hands. */
class Openssl {
  readonly child: ChildProcess
  #heard = Buffer.alloc(0)
  said = ''
  #lookers: (() => void)[] = []

  constructor(test: Test, args: readonly string[]) {
    this.child = spawn('/usr/bin/env', ['-i', OPENSSL, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, bytes])
      this.#look()
    })
    this.child.stderr?.setEncoding('latin1').on('data', (text: string) => {
      this.said += text
    })
    this.child.stdin?.on('error', () => {
      // EPIPE: it has ended, which is what a test may wait for.
    })
    this.child.on('close', () => {
      this.#look()
    })
    test.teardown(() => this.child.kill('SIGKILL'))
  }

  write(bytes: Buffer): void {
    this.child.stdin?.write(bytes)
  }

  /** So many bytes, fewer only if it ends before. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#heard.length < count && !this.hasEnded) {
      await new Promise<void>((look) => {
        this.#lookers.push(look)
      })
    }
    const taken = this.#heard.subarray(0, count)
    this.#heard = this.#heard.subarray(count)
    return taken
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  async ended(): Promise<void> {
    if (!this.hasEnded) await once(this.child, 'close')
  }

  #look(): void {
    for (const look of this.#lookers.splice(0)) look()
  }
}

function keyFile(place: Place): string {
  const key = randomBytes(32).toString('hex')
  writeFileSync(place.path('psk'), `${key}\n`, { mode: 0o400 })
  return key
}

void t.test('s_client into remote-recv: acknowledged with the key, refused with another or as another', async (t) => {
  const place = new Place(t)
  const key = keyFile(place)
  const port = await freePort()
  const lines = [
    `rmw_listen = 127.0.0.1:${port}`,
    'rmw_transport = tls-psk',
    `tls_psk_file = ${place.path('psk')}`,
    `tls_psk_identity = ${IDENTITY}`,
    'allow_file = none',
    `journal_dir = ${place.path('journal')}`,
    'min_fs_free = 0',
    'low_fs_free = 0',
  ]
  writeFileSync(place.path('remote-recv.conf'), [...lines, ''].join('\n'))
  const args = `args = ${RECV} ${place.path('remote-recv.conf')}`
  place.dropIn('remote-recv', [`path = ${process.execPath}`, args, 'format = protocol', 'direction = in'])
  const daemon = new Daemon(t, place, NO_INPUT)
  await daemon.says(['listening for senders'])
  const client = (psk: string, identity: string, suite = SUITE): Openssl => {
    const who = ['-psk', psk, '-psk_identity', identity]
    return new Openssl(t, [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      ...who,
      '-tls1_3',
      '-ciphersuites',
      suite,
      '-quiet',
    ])
  }

  const good = client(key, IDENTITY)
  good.write(rmw(0, 2, `${RECORD}\n`))
  const ack = await good.bytes(HEADER_BYTES)
  t.same([ack.readUInt32LE(6), ack.readUInt32LE(12)], [ACK, 2], good.said)
  t.match(place.read('journal/remote.log').toString(), RECORD, 'it was in the log before it was acknowledged')
  for (const [what, bad] of [
    ['another key', client(randomBytes(32).toString('hex'), IDENTITY)],
    ['another identity', client(key, 'web2')],
    ['no suite with SHA-256', client(key, IDENTITY, 'TLS_AES_256_GCM_SHA384')],
  ] as const) {
    bad.write(rmw(0, 2, `${RECORD}\n`))
    await bad.ended()
    t.equal((await bad.bytes(1)).length, 0, what)
  }
  await daemon.says(['a connection was refused'], 3)
  good.write(rmw(1, 3))
  t.equal((await good.bytes(HEADER_BYTES)).readUInt32LE(12), 3, 'the good one goes on')
  t.equal(place.read('journal/remote.log').toString().split('\n').length - 1, 1)
  t.notMatch(daemon.log, key, 'no key in the log')
  await endAtSigterm(t, daemon)
})

void t.test(
  'remote-send into s_server: what is acknowledged is not sent again; another key is not spoken to',
  async (t) => {
    const place = new Place(t)
    const key = keyFile(place)
    const port = await freePort()
    const server = (psk: string): Openssl => {
      const who = ['-psk', psk, '-psk_identity', IDENTITY, '-nocert', '-tls1_3', '-ciphersuites', SUITE]
      return new Openssl(t, ['s_server', '-accept', `127.0.0.1:${port}`, ...who, '-quiet', '-naccept', '1'])
    }
    remoteSend(place, [
      'protocol = managed',
      `server = 127.0.0.1:${port}`,
      'transport = tls-psk',
      `tls_psk_file = ${place.path('psk')}`,
      `tls_psk_identity = ${IDENTITY}`,
      'network_retry_time = 50ms..200ms',
      // One record is sent when the one before was acknowledged.
      'window = 1',
    ])
    const stranger = server(randomBytes(32).toString('hex'))
    const daemon = new Daemon(t, place)
    await daemon.running('remote-send')
    await daemon.write(frames(1, 20))
    await daemon.says(['trouble with sending', 'another key'])
    stranger.child.kill('SIGKILL')
    await stranger.ended()
    t.equal((await stranger.bytes(1)).length, 0, 'nothing went to it')

    const first = server(key)
    t.same(await acknowledged(first, 12), range(1, 12))
    first.child.kill('SIGKILL')
    await first.ended()
    const rest = await acknowledged(server(key), 20)
    t.same(rest, range(rest[0] ?? 0, 20))
    t.ok([12, 13].includes(rest[0] ?? 0), 'nothing is sent again but what may not have been acknowledged')
    t.notMatch(daemon.log, key, 'no key in the log')
    t.match(await daemon.finish(), { code: 0 })
  },
)

/** Takes and acknowledges all up to the one with that serial; returns their serials. */
async function acknowledged(server: Openssl, last: number): Promise<number[]> {
  const serials: number[] = []
  while (serials.at(-1) !== last) {
    const header = await server.bytes(HEADER_BYTES)
    if (header.length < HEADER_BYTES) throw new Error(`s_server has ended: ${server.said}`)
    const payload = (await server.bytes(header.readUInt16LE(10))).toString('latin1')
    server.write(rmw(ACK, header.readUInt32LE(12)))
    const serial = /:(\d+)\): /.exec(payload)?.[1]
    if (header.readUInt32LE(6) === 0 && serial !== undefined) serials.push(Number(serial))
  }
  return serials
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
