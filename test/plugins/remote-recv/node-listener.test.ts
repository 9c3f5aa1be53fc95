// A listening socket and who comes in by it.

import { execFileSync } from 'node:child_process'
import { connect, type ConnectionOptions } from 'node:tls'
import { test, type Test } from 'tap'
import { DEFAULT_CONFIG } from '../../../plugins/remote-recv/config.js'
import { Gate } from '../../../plugins/remote-recv/gate.js'
import type { Intake, SessionHost } from '../../../plugins/remote-recv/intake.js'
import { NodeListener } from '../../../plugins/remote-recv/node-listener.js'
import { NODE_CLOCK } from '../../../src/remote/node-world.js'
import { ALLOW_ALL } from '../../../src/remote/tls/allow-list.js'
import { clientTls, loadCredentials } from '../../../src/remote/tls/tls-options.js'
import { freePort } from '../../free-port.js'
import { makeAuthority } from '../../remote/tls/authority.js'

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

class Scene {
  readonly told: string[] = []
  readonly entered: string[] = []
  readonly options: ConnectionOptions
  readonly gate: Gate
  #whenTold: () => void = () => {}

  static async begin(t: Test, protocol: 'native' | 'rmw'): Promise<Scene> {
    const scene = new Scene(t, protocol, await freePort())
    await scene.says('listening')
    return scene
  }

  private constructor(t: Test, protocol: 'native' | 'rmw', port: number) {
    const authority = makeAuthority(t.testdir())
    const place = { host: '127.0.0.1', port }
    const load = (name: string, altNames: string) =>
      loadCredentials({ kind: 'tls', ...authority.issue(name, altNames), crl: '' })
    const log = (_level: string, text: string, fields: object = {}): void => {
      this.told.push(`${text} ${JSON.stringify(fields)}`)
      this.#whenTold()
    }
    const speaker = ({ peer }: SessionHost) => {
      this.entered.push(peer.principal)
      this.#whenTold()
      return { data: () => {}, drained: () => {}, closed: () => {}, end: () => {} }
    }
    const world = { clock: NODE_CLOCK, voice: { log }, intake: INTAKE, speakers: { native: speaker, rmw: speaker } }
    const settings = { ...DEFAULT_CONFIG, maxPendingPerAddress: 40, allowList: ALLOW_ALL }
    this.gate = new Gate(world, settings)
    const credentials = load('agg1', 'URI:audit://site/agg1,IP:127.0.0.1')
    const listener = new NodeListener(this.gate, { log }, { place, protocol, credentials, handshakeTimeoutMs: 5000 })
    const own = load('web1', 'URI:audit://site/web1')
    this.options = clientTls(own, place, { native: true, serverName: '' })
    t.teardown(() => listener.close())
  }

  async says(part: string): Promise<void> {
    while (![...this.told, ...this.entered].some((line) => line.includes(part)))
      await new Promise<void>((resolve) => {
        this.#whenTold = resolve
      })
  }

  /** Until it is closed by the other end, or let in. */
  async come(t: Test, options: ConnectionOptions): Promise<void> {
    const socket = connect(options)
    socket.on('error', () => {
      // ECONNRESET: 'close' follows.
    })
    t.teardown(() => socket.destroy())
    const closed = new Promise((resolve) => {
      socket.once('close', resolve)
    })
    await Promise.race([closed, this.says('audit://site/web1')])
  }
}

void test('our own protocol is asked for by its name', async (t) => {
  const scene = await Scene.begin(t, 'native')
  const { ALPNProtocols: _, ...nameless } = scene.options
  await scene.come(t, nameless)
  await scene.says('a connection was refused')
  t.same(scene.entered, [])
  t.match(scene.told.at(-1), /"reason":"alpn","text":"it does not offer the protocol arp\/1 \(ALPN\)"/)
  await scene.come(t, scene.options)
  t.same(scene.entered, ['audit://site/web1'])
})

void test("auditd's protocol has no name", async (t) => {
  const scene = await Scene.begin(t, 'rmw')
  const { ALPNProtocols: _, ...nameless } = scene.options
  await scene.come(t, nameless)
  t.same(scene.entered, ['audit://site/web1'])
})

void test('connections that are reset before they are looked at do not count for ever', async (t) => {
  const scene = await Scene.begin(t, 'native')
  const { host = '', port = 0 } = scene.options
  // All have come and gone before this process looks at the first: then none has an address any more.
  const code = `for (let n = 0; n < 40; n++) {
    const socket = require('node:net').connect(${port}, '${host}', () => socket.resetAndDestroy())
    socket.on('error', () => {})
  }`
  execFileSync('/usr/bin/env', ['-i', process.execPath, '-e', code])
  await scene.come(t, scene.options)
  let free = 0
  while (scene.gate.admission.arrive(`192.0.2.${free}`) === undefined) free++
  t.equal(free, DEFAULT_CONFIG.maxPending)
})
