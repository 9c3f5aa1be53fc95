// Who is connected, and what a reload means for it.

import { test } from 'tap'
import { DEFAULT_CONFIG } from '../../../plugins/remote-recv/config.js'
import { Gate, type Protocol } from '../../../plugins/remote-recv/gate.js'
import type { Intake, SessionHost } from '../../../plugins/remote-recv/intake.js'
import { stillProves } from '../../../plugins/remote-recv/still-proves.js'
import { readAllowList } from '../../../src/remote/tls/allow-list.js'
import type { Credentials } from '../../../src/remote/tls/tls-options.js'
import { HandClock } from './hand-clock.js'

/** Nothing is ever taken here. */
const INTAKE: Intake = {
  take: () => undefined,
  taken: () => undefined,
  durable: () => undefined,
  whenDurable: () => {},
  disk: 'ok',
  hasRoom: true,
  whenRoom: () => () => {},
  onDisk: () => () => {},
}

function settings(list: string) {
  const { list: allowList } = readAllowList(Buffer.from(list), 'allow')
  if (allowList === undefined) throw new Error('no list')
  return { ...DEFAULT_CONFIG, allowList }
}

class Door {
  readonly ended: string[] = []
  readonly gate: Gate

  constructor(list: string) {
    const speaker = ({ peer }: SessionHost) => ({
      data: () => {},
      drained: () => {},
      closed: () => {},
      end: (reason: string, retryAfterMs: number) => this.ended.push(`${peer.principal}: ${reason} ${retryAfterMs}`),
    })
    const world = { clock: new HandClock(), voice: { log: () => {} }, intake: INTAKE }
    this.gate = new Gate({ ...world, speakers: { native: speaker, rmw: speaker } }, settings(list))
  }

  come(protocol: Protocol, principal: string): ReturnType<Gate['enter']> {
    const link = { write: () => true, pause: () => {}, resume: () => {}, end: () => {}, destroy: () => {} }
    return this.gate.enter(protocol, link, { principal, address: '192.0.2.1:5', certificateEndMs: undefined })
  }
}

void test('a reload: who stays, who goes, and who comes again as somebody else', (t) => {
  const door = new Door('web1 alias=old1\nweb2 alias=old2\nweb3\n')
  for (const name of ['web1', 'old1', 'old2', 'web3']) door.come('native', name)
  door.gate.use(settings('web1 alias=old1,old2\nweb2\nweb3 revoked\n'), () => true)
  t.same(door.ended, ['web2: prove anew who you are 10', 'web3: not allowed any more 60000'])
  door.ended.length = 0
  door.gate.use(settings('web1 alias=old1,old2\nweb2\nweb3\n'), (_protocol, name) => name !== 'web1')
  t.same(door.ended, ['web1: prove anew who you are 10', 'web2: prove anew who you are 20'])
  t.end()
})

void test('a connection goes once, however often it is told', (t) => {
  const door = new Door('web1\nweb2\n')
  const one = door.come('native', 'web1')
  door.come('native', 'web2')
  one?.closed('first')
  one?.closed('again')
  t.equal(door.gate.admission.sessions, 1)
  t.end()
})

void test('what was proved holds as long as it would be believed again', (t) => {
  const [one, two] = [Buffer.from('1'), Buffer.from('2')]
  const tls = (ca: Buffer, crl?: Buffer, own = one): Credentials => ({
    kind: 'tls',
    ca,
    cert: own,
    key: own,
    crl,
    principal: 'agg',
    certificateEndMs: 0,
  })
  const psk = (key?: Buffer): Credentials => ({ kind: 'psk', keys: new Map(key === undefined ? [] : [['web', key]]) })
  const cases: readonly [string, Credentials | undefined, Credentials | undefined, boolean][] = [
    ['clear text as before', undefined, undefined, true],
    ['TLS from now on', undefined, tls(one), false],
    ['no listener any more', tls(one), undefined, true],
    ['a new certificate of ours', tls(one), tls(one, undefined, two), true],
    ['another authority', tls(one), tls(two), false],
    ['a list of revoked ones', tls(one), tls(one, one), false],
    ['a newer list', tls(one, one), tls(one, two), false],
    ['the same list', tls(one, one), tls(one, Buffer.from(one)), true],
    ['keys instead of certificates', tls(one), psk(one), false],
    ['the same key', psk(one), psk(Buffer.from(one)), true],
    ['another key', psk(one), psk(two), false],
    ['no key any more', psk(one), psk(), false],
  ]
  for (const [what, old, now, holds] of cases) t.equal(stillProves(old, now, 'web'), holds, what)
  t.end()
})
