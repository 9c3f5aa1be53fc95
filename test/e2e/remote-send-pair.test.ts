// Both programs under dispatchers of their own, over TLS with certificates on both sides: killed and cut, and each record once.

import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import type { CertificateFiles } from '../../src/remote/channel.js'
import { Random } from '../protocol/random.js'
import { makeAuthority, type Authority } from '../remote/tls/authority.js'
import { freePort } from '../free-port.js'
import { Daemon } from './daemon.js'
import { keeper, kept, NO_INPUT } from './keeper.js'
import { Place } from './place.js'
import { frames, range } from './records.js'
import { configure, remoteSend } from './remote-send-place.js'

const RECEIVER = resolve('build/plugins/remote-recv/main.js')

function tlsLines({ ca, cert, key }: CertificateFiles): string[] {
  return ['transport = tls', `tls_ca = ${ca}`, `tls_cert = ${cert}`, `tls_key = ${key}`]
}

interface Pair {
  readonly authority: Authority
  readonly port: number
  readonly here: Place
  readonly there: Place
  readonly sender: Daemon
  readonly collector: Daemon
}

async function begin(test: Test, serverName = 'URI:audit://site/agg1,IP:127.0.0.1'): Promise<Pair> {
  const [here, there] = [new Place(test), new Place(test)]
  const authority = makeAuthority(there.dir)
  const port = await freePort()
  writeFileSync(there.path('allow'), 'audit://site/web1\n', { mode: 0o600 })
  const lines = [
    `listen = 127.0.0.1:${port}`,
    ...tlsLines(authority.issue('agg1', serverName)),
    `allow_file = ${there.path('allow')}`,
    `journal_dir = ${there.path('journal')}`,
    'min_fs_free = 0',
    'low_fs_free = 0',
  ]
  writeFileSync(there.path('remote-recv.conf'), [...lines, ''].join('\n'))
  const more = ['format = protocol', 'direction = in', 'restart_delay = 10ms..10ms', 'max_restarts = 0']
  const args = `args = ${RECEIVER} ${there.path('remote-recv.conf')}`
  there.dropIn('remote-recv', [`path = ${process.execPath}`, args, ...more])
  keeper(there, 'sink')
  const own = authority.issue('web1', 'URI:audit://site/web1')
  remoteSend(here, [`server = 127.0.0.1:${port}`, ...tlsLines(own)])
  const collector = new Daemon(test, there, NO_INPUT)
  await collector.running('remote-recv', 'sink')
  const sender = new Daemon(test, here)
  await sender.running('remote-send')
  return { authority, port, here, there, sender, collector }
}

void t.test('killed on both sides, each record is at the collector and its plugins once', async (t) => {
  const { there, sender, collector } = await begin(t)
  const random = new Random(3)
  let sent = 0
  for (let kill = 0; kill < 6; kill++) {
    const count = 100 + random.below(300)
    const rest = sender.write(frames(sent + 1, sent + count))
    const [daemon, name] =
      random.below(2) === 0 ? ([sender, 'remote-send'] as const) : ([collector, 'remote-recv'] as const)
    const pid = daemon.pidOf(name)
    process.kill(pid, 'SIGKILL')
    await rest
    await daemon.runningAnew(name, pid)
    sent += count
  }
  await collector.until(() => kept(there, 'sink').length >= sent, `${sent} records are at the sink`)
  t.match(await sender.finish(), { code: 0 })
  t.same(kept(there, 'sink'), range(1, sent))
  const log = readFileSync(there.path('journal/remote.log'), 'latin1')
  t.same(
    [...log.matchAll(/ msg=audit\(1700000000\.000:(\d+)\): /g)].map(([, serial]) => Number(serial)),
    range(1, sent),
  )
  t.match(sender.ledger('remote-send'), { in: sent, delivered: sent, dropped: 0 })
})

void t.test('a collector with another name is not spoken to, until it has the right one', async (t) => {
  const { authority, here, there, port, sender, collector } = await begin(t, 'DNS:elsewhere.example')
  await sender.write(frames(1, 10))
  await sender.says(['no connection; trying again', 'not for 127.0.0.1'])
  t.same(kept(there, 'sink'), [])
  const own = authority.issue('web2', 'URI:audit://site/web1')
  configure(here, [`server = 127.0.0.1:${port}`, ...tlsLines(own), 'tls_server_name = elsewhere.example'])
  sender.signal('SIGHUP')
  await collector.until(() => kept(there, 'sink').length >= 10, 'all are at the sink')
  t.match(await sender.finish(), { code: 0 })
  t.same(kept(there, 'sink'), range(1, 10))
})

void t.test(
  'who is not on the list, or has a certificate of nobody, stays outside and keeps its records',
  async (t) => {
    const { authority, here, there, port, sender, collector } = await begin(t)
    const other = makeAuthority(here.dir)
    await sender.write(frames(1, 5))
    await collector.until(() => kept(there, 'sink').length >= 5, 'the first are at the sink')
    for (const files of [
      authority.issue('web9', 'URI:audit://site/web9'),
      { ...other.issue('x', 'URI:audit://site/web1'), ca: authority.ca },
    ]) {
      const told = sender.lines('no connection; trying again').length
      configure(here, [`server = 127.0.0.1:${port}`, ...tlsLines(files)])
      sender.signal('SIGHUP')
      await sender.says(['the configuration was read again'])
      await sender.write(frames(6, 6))
      await sender.until(() => sender.lines('no connection; trying again').length > told, 'it is refused')
    }
    t.same(kept(there, 'sink'), range(1, 5))
    t.match(await sender.finish(), { code: 0 })
    t.match(sender.ledger('remote-send'), { in: 7, delivered: 7, dropped: 0 })
  },
)
