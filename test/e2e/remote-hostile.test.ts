// Who must not come in, and what must not come in: each is refused with a reason that stands in the log, and a sender that does nothing
// wrong goes on meanwhile.

import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { makeBlock, NO_SOURCE, type Block } from '../../src/journal/block.js'
import type { CertificateFiles } from '../../src/remote/channel.js'
import type { Data, Hello, Message } from '../../src/remote/wire/message.js'
import { makeAuthority, type Authority } from '../remote/tls/authority.js'
import { frame, jsonFrame } from '../remote/wire/wire-bytes.js'
import { freePort } from '../free-port.js'
import { Daemon } from './daemon.js'
import { endAtSigterm, NO_INPUT } from './keeper.js'
import { Place } from './place.js'
import { Stranger } from './stranger.js'

const MAIN = resolve('build/plugins/remote-recv/main.js')
const BEFORE = Buffer.alloc(32, 7)
const MAX_RSS_KIB = 200 * 1024
/** Of one text in a minute; BREACHES are more. */
const MOST_LINES = 10
/** As many as one address may have in a handshake. */
const PENDING = 4

class Scene {
  readonly place: Place
  readonly daemon: Daemon
  readonly authority: Authority
  readonly port: number
  readonly good: GoodSender

  static async begin(t: Test, lines: readonly string[] = []): Promise<Scene> {
    const place = new Place(t)
    const authority = makeAuthority(place.dir)
    const port = await freePort()
    const { cert, key } = authority.issue('agg', 'DNS:localhost')
    const own = ['good', 'gone', ...Array.from({ length: 9 }, (_, index) => `bad${index}`)]
    writeFileSync(place.path('allow'), own.map((name) => `audit://site/${name}\n`).join(''), { mode: 0o600 })
    authority.issue('revoked', 'URI:audit://site/good')
    const crl = authority.revoke('revoked')
    const common = [
      `listen = 127.0.0.1:${port}`,
      `tls_ca = ${authority.ca}`,
      `tls_cert = ${cert}`,
      `tls_key = ${key}`,
      `tls_crl = ${crl}`,
      `allow_file = ${place.path('allow')}`,
      `journal_dir = ${place.path('journal')}`,
      'min_fs_free = 0',
      'low_fs_free = 0',
    ]
    writeFileSync(place.path('remote-recv.conf'), [...common, ...lines, ''].join('\n'))
    const args = `args = ${MAIN} ${place.path('remote-recv.conf')}`
    place.dropIn('remote-recv', [`path = ${process.execPath}`, args, 'format = protocol', 'direction = in'])
    const daemon = new Daemon(t, place, NO_INPUT)
    await daemon.says(['listening for senders'])
    const scene = new Scene(t, { place, authority, port, daemon })
    await scene.good.welcomed()
    return scene
  }

  private constructor(t: Test, parts: Pick<Scene, 'place' | 'authority' | 'port' | 'daemon'>) {
    this.place = parts.place
    this.authority = parts.authority
    this.port = parts.port
    this.daemon = parts.daemon
    this.good = new GoodSender(this.connect(this.certificate('good')))
    t.teardown(() => {
      this.good.stranger.close()
    })
  }

  certificate(name: string): CertificateFiles {
    return this.authority.issue(name, `URI:audit://site/${name}`)
  }

  connect(own: CertificateFiles | undefined): Stranger {
    return new Stranger({ port: this.port, tls: { ca: this.authority.ca, own } })
  }

  /** The good one's next record is acknowledged, and the process has not grown. */
  async goesOn(t: Test, what: string): Promise<void> {
    t.ok(await this.good.isHeard(), `after ${what} the good sender goes on`)
    const [, kib] =
      /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.daemon.pidOf('remote-recv')}/status`, 'utf8')) ?? []
    t.ok(Number(kib) < MAX_RSS_KIB, `after ${what} its memory is ${kib} KiB`)
  }
}

/** One block after the other, each when the one before is acknowledged. */
class GoodSender {
  readonly stranger: Stranger
  #chain: Buffer = BEFORE
  #seq = 0

  constructor(stranger: Stranger) {
    this.stranger = stranger
    stranger.say(helloOf('1'))
  }

  async welcomed(): Promise<void> {
    await this.stranger.hears('welcome')
    this.stranger.say({ type: 'start', from: 1, chain: BEFORE.toString('hex') })
  }

  async isHeard(): Promise<boolean> {
    const { data, block } = blockOf(this.#seq + 1, this.#chain)
    this.#chain = block.chain
    this.#seq++
    this.stranger.say(data)
    for (let acks = 1; ; acks++) {
      const ack = await this.stranger.hears('ack', acks)
      if (ack === undefined) return false
      if (ack.seq >= this.#seq) return true
    }
  }
}

function helloOf(digit: string, more: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    versions: [1],
    stream: digit.repeat(32),
    from: 1,
    before: BEFORE.toString('hex'),
    parent: '',
    first: 1,
    last: 1_000_000,
    chain: 'c'.repeat(64),
    acked: 0,
    closed: false,
    instance: digit.repeat(32),
    bootId: '',
    receiver: '',
    maxBlock: 64 * 1024,
    agent: 'test',
    ...more,
  }
}

function blockOf(firstSeq: number, before: Buffer): { readonly data: Data; readonly block: Block } {
  const lines = Buffer.from(`type=USER msg=audit(1700000000.000:${firstSeq}): x\n`)
  const draft = { kind: 'data', firstSeq, count: 1, lines: 1, wallMs: 1, source: NO_SOURCE } as const
  const block = makeBlock({ ...draft, before, note: Buffer.alloc(0) }, [lines])
  return { data: { type: 'data', head: block.head, lines }, block }
}

void t.test('who cannot prove to be somebody that may come', async (t) => {
  const scene = await Scene.begin(t)
  const { authority, daemon } = scene
  const otherPlace = new Place(t)
  const other = makeAuthority(otherPlace.dir)
  const cases: readonly (readonly [what: string, own: CertificateFiles | undefined, log: readonly string[]])[] = [
    ['no certificate', undefined, ['a connection was refused', 'it has no certificate']],
    ['another authority', other.issue('x', 'URI:audit://site/good'), ['a connection was refused', 'not signed by our']],
    ['ended', authority.issue('old', 'URI:audit://site/good', { to: '20210101000000Z' }), ['CERT_HAS_EXPIRED']],
    ['to come', authority.issue('new', 'URI:audit://site/good', { from: '20980101000000Z' }), ['CERT_NOT_YET_VALID']],
    [
      'revoked by its authority',
      { ca: authority.ca, cert: scene.place.path('revoked.pem'), key: scene.place.path('revoked-key.pem') },
      ['CERT_REVOKED'],
    ],
    ['a common name alone', authority.issue('cn', ''), ['a connection was refused', 'reason=nobody']],
    ['not on the list', scene.certificate('unknown'), ['a sender was refused', 'reason=not-allowed']],
  ]
  for (const [what, own, log] of cases) {
    const stranger = scene.connect(own)
    stranger.say(helloOf('2'))
    await stranger.ended()
    t.notOk(
      stranger.heard.some(({ type }) => type === 'welcome'),
      what,
    )
    t.ok(await daemon.says(log), what)
    await scene.goesOn(t, what)
  }
  const clear = new Stranger({ port: scene.port })
  clear.say(helloOf('2'))
  await clear.ended()
  t.ok(await daemon.says(['it does not speak TLS']), 'clear text')
  await scene.goesOn(t, 'clear text')
  await endAtSigterm(t, daemon)
})

void t.test("another's stream is one's own of that name, and taken from the list is gone at once", async (t) => {
  const scene = await Scene.begin(t)
  await scene.goesOn(t, 'nothing')
  const gone = scene.connect(scene.certificate('gone'))
  gone.say(helloOf('1'))
  t.match(await gone.hears('welcome'), { last: 0 }, 'it has nothing there')
  gone.say({ type: 'start', from: 1, chain: BEFORE.toString('hex') }, blockOf(1, BEFORE).data)
  t.match(await gone.hears('ack'), { seq: 1 })
  await scene.goesOn(t, 'the same stream of another')
  t.notOk(
    scene.good.stranger.heard.some(({ type }) => type === 'error'),
    'nobody is superseded',
  )

  const names = scene.place.read('allow').toString().replace('audit://site/gone\n', 'audit://site/gone revoked\n')
  writeFileSync(scene.place.path('allow'), names)
  process.kill(scene.daemon.pidOf('remote-recv'), 'SIGHUP')
  t.match(await gone.hears('error'), { code: 'refused' })
  await gone.ended()
  await scene.daemon.says(['not allowed any more'])
  const again = scene.connect(scene.certificate('gone'))
  again.say(helloOf('1'))
  await again.ended()
  await scene.daemon.says(['a sender was refused', 'reason=revoked'])
  await scene.goesOn(t, 'the list')
  await endAtSigterm(t, scene.daemon)
})

/** What a sender that was let in may do wrong, behind its START. */
const BREACHES: readonly (readonly [what: string, code: string, act: (stranger: Stranger) => void])[] = [
  ['a frame of 4 GiB', 'protocol', (bad) => bad.raw(frame({ type: 'DATA', length: 0xffffffff }))],
  ['a HELLO of 1 MiB', 'protocol', (bad) => bad.raw(frame({ type: 'HELLO', length: 1 << 20 }))],
  ['a header with a wrong CRC', 'protocol', (bad) => bad.raw(frame({ type: 'PING', crc: 1 }, Buffer.alloc(8)))],
  ['another seq', 'out-of-order', (bad) => bad.say(blockOf(7, BEFORE).data)],
  ['another chain', 'out-of-order', (bad) => bad.say(blockOf(1, Buffer.alloc(32, 8)).data)],
  ['the same block again', 'out-of-order', (bad) => bad.say(blockOf(1, BEFORE).data, blockOf(1, BEFORE).data)],
  ['a block that was changed', 'bad-block', (bad) => bad.say(forged())],
  ['a message of the other end', 'protocol', (bad) => bad.raw(jsonFrame('PROBED', { type: 'probed', chains: [] }))],
  ['JSON with a prototype', 'protocol', (bad) => bad.raw(frame({ type: 'SKIP' }, '{"__proto__":{"from":1}}'))],
  ['deep JSON', 'protocol', (bad) => bad.raw(frame({ type: 'PROBE' }, '['.repeat(4000)))],
  ['a flood of PINGs', 'protocol', (bad) => flood(bad)],
]

function forged(): Message {
  const { data } = blockOf(1, BEFORE)
  return { ...data, lines: Buffer.from(data.lines.toString('latin1').replace(': x', ': y')) }
}

function flood(bad: Stranger): void {
  for (let nonce = 0; nonce < 2000; nonce++) bad.say({ type: 'ping', nonce })
}

void t.test(
  'what breaks the protocol ends the connection, with a reason on both sides; the third time for a while',
  async (t) => {
    const scene = await Scene.begin(t)
    const strikes = new Map<string, number>()
    for (const [index, [what, code, act]] of BREACHES.entries()) {
      // Two each, so that nobody is shut out yet.
      const name = `bad${Math.floor(index / 2)}`
      strikes.set(name, (strikes.get(name) ?? 0) + 1)
      const bad = scene.connect(scene.certificate(name))
      bad.say(helloOf('2', { stream: index.toString(16).padStart(32, '0') }))
      await bad.hears('welcome')
      bad.say({ type: 'start', from: 1, chain: BEFORE.toString('hex') })
      act(bad)
      t.match(await bad.hears('error'), { code }, what)
      await bad.ended()
      if (index < MOST_LINES) await scene.daemon.says(['a sender broke the protocol', name], strikes.get(name))
      await scene.goesOn(t, what)
    }
    const third = scene.connect(scene.certificate('bad0'))
    third.raw(frame({ type: 'BYE', magic: 'XXXX' }))
    await third.ended()
    await scene.daemon.says(['again and again; it is shut out for a while', 'audit://site/bad0'])
    const fourth = scene.connect(scene.certificate('bad0'))
    fourth.say(helloOf('2'))
    t.match(await fourth.hears('error'), { code: 'refused', text: 'penalty' })
    t.equal(scene.daemon.lines('a sender broke the protocol principal=').length, MOST_LINES, 'the log is not flooded')
    await scene.goesOn(t, 'a penalty')
    await endAtSigterm(t, scene.daemon)
  },
)

void t.test('handshakes that do not end, no HELLO, too many streams, and words for a terminal', async (t) => {
  // Long enough for those that do nothing wrong, also where much else is done.
  const scene = await Scene.begin(t, ['max_streams = 4', 'max_connections = 3', 'handshake_timeout = 2s'])
  const { daemon, port } = scene
  const halves = Array.from({ length: PENDING + 2 }, () => new Stranger({ port }))
  await daemon.says(['a connection was refused', 'reason=too-many-pending-of-address'], 2)
  await Promise.all(halves.map((half) => half.ended()))
  await daemon.says(['a connection was refused', 'reason=handshake-late'], PENDING)
  await scene.goesOn(t, 'handshakes that do not end')

  const silent = scene.connect(scene.certificate('bad0'))
  const evil = scene.connect(scene.certificate('bad1'))
  evil.say(helloOf('3', { agent: 'a\u001b[2Jb\nfake line', bootId: '\u0007' }))
  t.ok(await evil.hears('welcome'))
  evil.say({ type: 'error', code: 'protocol', text: 'x\ny\u001b]0;z', retryAfterMs: 0, action: 'retry' })
  await evil.ended()

  const many = scene.connect(scene.certificate('bad2'))
  let welcomes = 0
  for (let stream = 0; stream < 8; stream++) {
    many.say(helloOf('4', { stream: stream.toString(16).padStart(32, '4') }))
    if ((await many.hears('welcome', stream + 1)) === undefined) break
    welcomes++
    many.say({ type: 'start', from: 1, chain: BEFORE.toString('hex') }, blockOf(1, BEFORE).data)
    if ((await many.hears('ack', stream + 1)) === undefined) break
  }
  t.ok(welcomes <= 8)
  await scene.goesOn(t, 'many streams')
  t.match(await silent.hears('error'), { code: 'protocol', text: 'no HELLO in time' })
  await scene.goesOn(t, 'silence')
  await endAtSigterm(t, daemon)
  const status = scene.place.read('journal/status.json').toString()
  const ofMany = [...status.matchAll(/"principal": *"audit:\/\/site\/bad2"/g)]
  t.ok(ofMany.length > 0 && ofMany.length <= 4, `${ofMany.length} streams of one principal`)
  t.match(daemon.log, /^[\x20-\x7e\n]*$/, 'nothing in the log that a terminal would act upon')
  t.notMatch(daemon.log, /\nfake line/)
})
