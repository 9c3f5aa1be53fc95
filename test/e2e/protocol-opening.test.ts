// How the dispatcher and a plugin of the line protocol begin: HELLO and READY, and what is done without the one or the other.

import { resolve } from 'node:path'
import t from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frames } from './records.js'

const WRONG = resolve('test/fixtures/wrong-plugins')
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function keysOf(hello: string): Record<string, string> {
  const pairs = hello.split(' ').slice(2)
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

/** A drop-in's lines that run one of the plugins that do wrong. */
function wrong(program: string): string[] {
  return [`path = ${process.execPath}`, `args = ${WRONG}/${program}`, 'format = protocol']
}

void t.test(
  'HELLO says who, which run, where it goes on and on which node; nothing else comes before READY',
  async (t) => {
    const place = new Place(t, 'self_events = no\nname_format = user\nname = web1\n')
    const puppet = new Puppet(t, place, 'siem')
    const both = new Puppet(t, place, 'both', ['direction = both'])
    const daemon = new Daemon(t, place)
    await daemon.running('siem', 'both')
    await daemon.write(frames(1, 3))
    const [hello = ''] = await puppet.hears(daemon, 'HELLO 1 ')
    const { run = '', next, ...keys } = keysOf(hello)
    t.match(run, UUID)
    // The node is looked up before anything is read, and so before any plugin starts.
    t.same(keys, { plugin: 'siem', 'in-window': '4096', node: 'web1' })
    t.equal(next, '1')
    const [other = ''] = await both.hears(daemon, 'HELLO 1 ')
    t.match(keysOf(other), { run, plugin: 'both', received: '0' })
    daemon.signal('SIGHUP')
    await daemon.says(['drop-in read', 'change=kept'], 2)
    t.same(puppet.heard, [hello], 'no RECORD and no RELOAD')
    puppet.says('READY 1 ack')
    await puppet.hears(daemon, 'RECORD 3 ')
    t.same(puppet.heard[1], 'RELOAD')
    t.same(puppet.seqs, [1, 2, 3])
    puppet.says('ACK 2')
    await daemon.ledgerWhen('siem', ({ delivered }) => delivered === 2)
    const pid = daemon.pidOf('siem')
    daemon.signalPlugin('siem', 'SIGKILL')
    await daemon.runningAnew('siem', pid)
    const again = (await puppet.hears(daemon, 'HELLO ', 2))[1] ?? ''
    t.match(keysOf(again), { run, next: '3' }, 'the same run goes on with what is not acknowledged')
    puppet.says('READY 1 ack', 'ACK 3')
    both.says('READY 1')
    t.match(await daemon.finish(), { code: 0 })
    t.match(daemon.ledger('siem'), { in: 3, delivered: 3, balanced: true })
  },
)

void t.test(
  'no READY in time, or one that cannot be: restarted with a growing pause, and finally failed',
  async (t) => {
    const place = new Place(t)
    const rules = ['restart_delay = 10ms..20ms', 'max_restarts = 2', 'stop_timeout = 1s']
    place.dropIn('mute', [...wrong('never-ready.js'), ...rules, 'ready_timeout = 150ms'])
    place.dropIn('newer', [...wrong('ready-with-wrong-version.js'), ...rules])
    place.dropIn('odd', [...wrong('ready-with-unknown-option.js'), ...rules])
    place.tee('neighbour')
    const daemon = new Daemon(t, place)
    await daemon.write(frames(1, 10))
    for (const [name, why] of [
      ['mute', 'no READY within 0.15 s'],
      ['newer', 'a version that was not offered'],
      ['odd', 'READY with unknown option'],
    ] as const) {
      const deaths = await daemon.says(['plugin died', `plugin=${name} `, why], 2)
      t.equal(deaths.length, 2, name)
      t.match(await daemon.says(['plugin failed', `plugin=${name} `, why]), [/3 deaths within/], name)
    }
    t.match(await daemon.finish(), { code: 0 })
    t.match(daemon.ledger('neighbour'), { in: 10, delivered: 10 })
    t.match(daemon.ledger('mute'), { in: 10, delivered: 0, dropped: 10, balanced: true })
  },
)

void t.test('exit status 78 is failed at once, with the last words; a changed program is tried again', async (t) => {
  const place = new Place(t)
  const script = place.program('bad.sh', '#!/bin/sh\necho "line 3 of my configuration is wrong" >&2\nexit 78\n')
  place.dropIn('bad', [`path = ${script}`, 'format = protocol'])
  const daemon = new Daemon(t, place)
  const [failed = ''] = await daemon.says(['plugin failed', 'plugin=bad '])
  t.match(failed, 'exit status 78: it says that its configuration is bad')
  t.match(failed, 'line 3 of my configuration is wrong')
  t.equal(daemon.lines('plugin died').length, 0)
  daemon.signal('SIGHUP')
  await daemon.says(['drop-in read', 'plugin=bad', 'change=kept'])
  t.equal(daemon.lines('plugin started', 'plugin=bad ').length, 1, 'a reload without a change does not try again')
  place.program('bad.sh', '#!/bin/sh\nread hello\necho "READY 1"\nwhile read line; do echo "$line" >&2; done\n')
  daemon.signal('SIGHUP')
  await daemon.says(['plugin started', 'plugin=bad '], 2)
  await daemon.write(frames(1, 1))
  await daemon.says(['plugin says', 'RECORD 1 '])
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.lines('plugin says', 'STOP').length, 1)
})
