// The control socket of a real daemon: what the admin asks is done, counted and told, and nothing that a client does reaches the
// stream.

import { existsSync, statSync } from 'node:fs'
import t, { type Test } from 'tap'
import { connectControl, type ControlClient } from '../../src/control/control-client.js'
import { readDaemonStatus, readReloadStatus } from '../../src/control/daemon-status.js'
import { control, pluginNow, pluginUntil, socketOf, statusNow } from './control.js'
import { Daemon } from './daemon.js'
import { keeper, kept } from './keeper.js'
import { Place } from './place.js'
import { frames, range, serialsIn, textOf } from './records.js'

const TAPPED = 200_000
const RECORD_BYTES = 80
/** More than a pipe holds. */
const MANY = 2000

void t.test('stop, start and restart: what is lost is counted, and what waits is not lost', async (t) => {
  const place = new Place(t)
  place.tee('a', ['stop_timeout = 0.1s'])
  place.dropIn('bad', ['path = /nowhere/at/all'])
  const daemon = new Daemon(t, place, { nodeArgs: ['--jitless'] })
  const client = await control(t, daemon)
  t.match(client.greeting, { protocol: 1, pid: daemon.pid, access: 'all' })
  await daemon.running('a')
  await daemon.write(frames(1, 100))
  await daemon.has('a', textOf(1, 100).length)
  const status = await statusNow(client)
  t.match(status, {
    pid: daemon.pid,
    phase: 'running',
    jitless: true,
    seq: 100,
    configuration: place.path('audispd.conf'),
  })
  t.match(status.input, { format: 'exact', records: 100, held: false, lastAt: /Z$/ })
  t.match(status.invalid, [{ name: 'bad', file: place.dropInPath('bad'), problems: [/nowhere/] }])
  t.match(status.plugins, [
    { name: 'a', state: 'running', pid: daemon.pidOf('a'), in: 100, delivered: 100, held: false },
  ])

  const firstPid = daemon.pidOf('a')
  t.match(await client.ask(['stop', 'a']), { plugin: 'a', state: 'stopped', pid: null, changed: true, done: true })
  t.match(await client.ask(['stop', 'a']), { changed: false, done: true })
  await daemon.write(frames(101, 200))
  const reload = readReloadStatus(await client.ask(['reload']))
  t.match(reload, {
    ok: true,
    changes: [
      { name: 'a', change: 'kept' },
      { name: 'bad', change: 'invalid' },
    ],
  })
  await pluginUntil(client, 'a', (plugin) => plugin.droppedTotal === 100)
  t.match(await pluginNow(client, 'a'), {
    state: 'stopped',
    held: true,
    dropped: { stopped: 100 },
    balanced: true,
    flow: 'shut',
  })

  t.match(await client.ask(['start', 'a']), { state: 'running', changed: true, done: true })
  t.match(await client.ask(['start', 'a']), { state: 'running', changed: false })
  await daemon.write(frames(201, 300))
  await pluginUntil(client, 'a', (plugin) => plugin.delivered === 200)
  // The answer may be here before the log has told the new process.
  await daemon.runningAnew('a', firstPid)
  await daemon.stopPlugin('a')
  await daemon.write(frames(301, 300 + MANY))
  const waiting = await pluginUntil(client, 'a', (plugin) => plugin.in === 300 + MANY && plugin.lagMs > 100)
  t.ok(waiting.queued > 0 && waiting.queuedBytes > 0 && waiting.balanced)
  await pluginUntil(client, 'a', (plugin) => plugin.lagMs > waiting.lagMs)
  t.match(await client.ask(['restart', 'a']), { state: 'running', changed: true, done: true })
  const done = await pluginUntil(client, 'a', (plugin) => plugin.delivered === 200 + MANY)
  t.match(done, {
    restarts: 2,
    lagMs: 0,
    queued: 0,
    droppedTotal: 100,
    lastLossAt: /Z$/,
    lastExit: { how: /signal/ },
    balanced: true,
  })

  // What lies in its pipe when its time to stop is up is lost.
  await daemon.until(() => serialsIn(place.read('a')).serials.length === 200 + MANY, 'a has read all')
  await client.ask(['stop', 'a'])
  place.tee('a', ['stop_timeout = 0.2s'])
  t.match(await client.ask(['reload', 'dry-run']), { ok: true, changes: [{ name: 'a', change: 'restarted' }, {}] })
  t.match(await pluginNow(client, 'a'), { held: true })
  t.match(await client.ask(['reload']), { ok: true, changes: [{ name: 'a', change: 'restarted' }, {}] })
  await pluginUntil(client, 'a', (plugin) => plugin.state === 'running' && !plugin.held)
  await t.rejects(client.ask(['stop', 'bad']), { code: 'state', mend: /reload/ })
  await t.rejects(client.ask(['start', 'c']), { code: 'no-such-plugin' })
  for (const verb of ['stop', 'start', 'restart'])
    await daemon.says(['asked by the admin', `verb=${verb} `, 'plugin=a'])

  place.settings('q_depth = many\n')
  t.match(await client.ask(['reload']), { ok: false, changes: [], problems: [/audispd\.conf:1: q_depth/] })
  t.match((await statusNow(client)).lastReload, { ok: false })
  daemon.endInput()
  await daemon.ended()
  t.same(serialsIn(place.read('a')).serials, [...range(1, 100), ...range(201, 300 + MANY)])
  t.notOk(existsSync(socketOf(daemon)), 'the socket is gone with it')
})

void t.test('failed, suspended, noisy: what is to be known of them, and how they go on', async (t) => {
  const place = new Place(t, 'self_events = no\nmax_restarts = 1\nrestart_delay = 0.1s..0.1s\n')
  place.tee('full', ['overflow_action = suspend', 'q_depth = 10', 'stop_timeout = 0.1s'])
  place.plugin('dies', 'dies-at-once.sh')
  place.plugin('noisy', 'writes-to-stderr.pl', ['5000'])
  const daemon = new Daemon(t, place)
  const client = await control(t, daemon)
  const failed = await pluginUntil(client, 'dies', ({ state }) => state === 'failed')
  t.match(failed, { flow: 'shut', pid: null, lastExit: { how: /exit status/, at: /Z$/ } })
  const stopped = await client.ask(['stop', 'dies'])
  t.match(stopped, { state: 'failed', changed: false, done: true }, 'there is nothing to stop')
  const { restarts } = failed
  t.match(await client.ask(['start', 'dies']), { changed: true })
  await pluginUntil(client, 'dies', (plugin) => plugin.restarts > restarts && plugin.state === 'failed')
  t.match(await client.ask(['logs', 'dies']), { lines: [{ message: 'drop-in read' }, { message: 'plugin started' }] })
  const noisy = await pluginUntil(client, 'noisy', ({ lastStderr }) => lastStderr.at(-1) === 'line 5000')
  t.equal(noisy.lastStderr.length, 20)
  const logged = JSON.stringify(await client.ask(['logs', 'noisy']))
  t.match(logged, /"plugin started".*"line 1"/)

  await daemon.running('full')
  await daemon.stopPlugin('full')
  await daemon.write(frames(1, MANY))
  // What comes behind a resume finds the queue full again.
  await pluginUntil(client, 'full', (plugin) => plugin.flow === 'suspended' && plugin.in === MANY)
  t.same(await client.ask(['resume']), { resumed: ['full'] })
  t.same(await client.ask(['resume', 'full']), { resumed: [] })
  const resumed = await pluginNow(client, 'full')
  t.match(resumed, { flow: 'open', balanced: true })
  t.ok((resumed.dropped['suspended'] ?? 0) > 0)
  daemon.wakePlugin('full')
  await daemon.finish()
})

void t.test(
  'a plugin that acknowledges is told what it has missed; one that is held does not keep the daemon',
  async (t) => {
    const place = new Place(t, 'self_events = no\n')
    keeper(place, 'keeps')
    keeper(place, 'held')
    const daemon = new Daemon(t, place)
    const client = await control(t, daemon)
    await pluginUntil(client, 'keeps', ({ state }) => state === 'running')
    await pluginUntil(client, 'held', ({ state }) => state === 'running')
    await daemon.write(frames(1, 10))
    await pluginUntil(client, 'keeps', ({ delivered }) => delivered === 10)
    await pluginUntil(client, 'held', ({ delivered }) => delivered === 10)
    for (const name of ['keeps', 'held']) t.match(await client.ask(['stop', name]), { state: 'stopped', done: true })
    await daemon.write(frames(11, 20))
    await pluginUntil(client, 'keeps', ({ droppedTotal }) => droppedTotal === 10)
    t.match(await client.ask(['start', 'keeps']), { state: 'running' })
    await daemon.write(frames(21, 30))
    await pluginUntil(client, 'keeps', ({ delivered }) => delivered === 20)
    t.match(await daemon.finish(), { code: 0 })
    t.same(kept(place, 'keeps'), [...range(1, 10), ...range(21, 30)])
    t.match(place.read('keeps.lost').toString(), /\b11\b.*\b20\b.*stopped/)
    t.same(daemon.lines('time is up'), [], 'nothing waits for who is held')
    for (const name of ['keeps', 'held']) t.ok(daemon.ledger(name).balanced)
  },
)

void t.test(
  'a tap that is not read while records pass: the stream is whole, and the tap knows what it has missed',
  async (t) => {
    const place = new Place(t, 'self_events = no\nq_depth = 10000000\nq_bytes = 4G\n')
    place.tee('all')
    const daemon = new Daemon(t, place)
    const client = await control(t, daemon)
    await daemon.running('all')
    const tap = await connectControl(socketOf(daemon))
    t.teardown(() => tap.close())
    const { chunks } = await tap.stream(['tap', 'type=USER_CMD'])
    const killed = await connectControl(socketOf(daemon))
    const dropped = await killed.stream(['tap'])
    const wasKilled = closesAfterFirst(killed, dropped.chunks)
    const before = await statusNow(client)
    for (let from = 1; from <= TAPPED; from += 4000) await daemon.write(frames(from, from + 3999, RECORD_BYTES))
    await daemon.has('all', textOf(1, TAPPED, RECORD_BYTES).length)
    await wasKilled
    t.match(await statusNow(client), {
      seq: before.seq + TAPPED,
      plugins: [{ in: TAPPED, delivered: TAPPED, droppedTotal: 0 }],
    })
    t.ok(place.read('all').equals(textOf(1, TAPPED, RECORD_BYTES)), 'the stream is whole')

    let text = ''
    let seen = { records: 0, lost: 0 }
    for await (const chunk of chunks) {
      text += chunk.toString('latin1')
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      text = text.slice(whole.length)
      seen = counted(whole, seen)
      if (seen.records + seen.lost >= TAPPED) break
    }
    t.equal(seen.records + seen.lost, TAPPED, JSON.stringify(seen))
    t.ok(seen.lost > 0 && seen.records > 10_000, JSON.stringify(seen))
    await daemon.finish()
  },
)

void t.test('one socket and two daemons, one that was killed, and none at all', async (t) => {
  const place = new Place(t)
  place.tee('a')
  const first = new Daemon(t, place)
  const client = await control(t, first)
  const second = new Daemon(t, place)
  await second.says(['running without control socket; trying again', 'in use'])
  t.equal(statSync(socketOf(first)).mode & 0o777, 0o600)
  t.match(await client.ask(['ping']), { pid: first.pid })
  first.signal('SIGKILL')
  await first.ended()
  const heir = await control(t, second)
  t.match(await heir.ask(['ping']), { pid: second.pid })
  place.settings(
    `self_events = no\ncontrol_socket = ${place.path('moved/c.sock')}\ncontrol_group = ${process.getegid?.()}\n`,
  )
  t.match(await heir.ask(['reload']), { ok: true })
  await second.says(['control_group may read the status'])
  t.notOk(existsSync(socketOf(second)), 'a reload takes the socket elsewhere')
  t.match(await (await connectedTo(t, place.path('moved/c.sock'))).ask(['ping']), { pid: second.pid })
  const reader = await connectedTo(t, place.path('moved/status.sock'))
  t.match(reader.greeting, { access: 'status' })
  t.match(await reader.ask(['status']), { pid: second.pid })
  const root = await connectedTo(t, place.path('moved/c.sock'))
  t.not(readDaemonStatus(await root.ask(['status', 'a'])).plugins[0]?.args.length, 0)
  t.same(readDaemonStatus(await reader.ask(['status', 'a'])).plugins[0]?.args, [], 'arguments are for root alone')
  await t.rejects(reader.ask(['stop', 'a']), { code: 'denied' })
  const only = new Daemon(t, place, { args: ['--only', 'a', '--run-dir', place.path('other')] })
  await only.running('a')
  await only.finish()
  t.same(only.lines('control socket'), [])
  await second.finish()
  t.notOk(existsSync(place.path('moved/c.sock')) || existsSync(place.path('moved/status.sock')))
})

async function connectedTo(t: Test, path: string): Promise<ControlClient> {
  const client = await connectControl(path)
  t.teardown(() => client.close())
  return client
}

/** A client that is gone in the middle of what it is sent. */
async function closesAfterFirst(client: ControlClient, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) if (chunk.length > 0) client.close()
}

/** Records, and those that are said to be missing. */
function counted(
  text: string,
  { records, lost }: { records: number; lost: number },
): { records: number; lost: number } {
  const notes = [...text.matchAll(/^\{"lost":(\d+)\}$/gm)].map(([, n]) => Number(n))
  const lines = [...text.matchAll(/^type=/gm)].length
  return { records: records + lines, lost: lost + notes.reduce((sum, n) => sum + n, 0) }
}
