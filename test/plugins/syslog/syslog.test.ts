import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { test, type Test } from 'tap'
import { DEFAULT_CONFIG, type SyslogConfig } from '../../../plugins/syslog/config.js'
import { syslogPlugin } from '../../../plugins/syslog/syslog.js'
import { NODE_CLOCK } from '../../../src/remote/node-world.js'
import { Voice } from '../../../src/remote/voice.js'
import { testPlugin } from '../../../src/sdk/index.js'
import { Auditd, until } from '../../sdk/auditd.js'

const RECORDS = [1, 2, 3].map((n) => `type=USER msg=audit(1700000000.000:${n}): n=${n}`)

/** A server that reads what comes, and is switched off then; its port. */
async function dyingServer(t: Test): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('data', (bytes) => {
      if (!bytes.includes('n=3')) return
      server.close()
      socket.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function plugged(
  t: Test,
  change: Partial<SyslogConfig> = {},
): Promise<{ readonly plugin: ReturnType<typeof syslogPlugin>; said: () => string }> {
  const place = { kind: 'tcp', host: '127.0.0.1', port: await dyingServer(t) } as const
  const settings = { config: { ...DEFAULT_CONFIG, ...change, servers: [place] } as const, tls: undefined }
  let said = ''
  const voice = new Voice(NODE_CLOCK, (text) => (said += text))
  const load = (): { settings: undefined; problems: [] } => ({ settings: undefined, problems: [] })
  return { plugin: syslogPlugin(settings, load, voice, { makeSocket: undefined }), said: () => said }
}

void test('the end: what is acknowledged and unproven is in doubt, and not said to be with the dispatcher', async (t) => {
  const { plugin, said } = await plugged(t)
  const dispatcher = testPlugin(plugin)
  await dispatcher.until(() => dispatcher.ready !== undefined)
  await dispatcher.acknowledged(dispatcher.send(...RECORDS))
  await dispatcher.until(() => dispatcher.commands.some(({ args }) => args.join(' ').includes('records wait')))
  dispatcher.send('type=USER msg=audit(1700000000.000:4): n=4')
  t.equal(await dispatcher.stop(), 0)
  const told = said() + dispatcher.complaints
  t.match(told, /not with a server, or not once.* inDoubt=3/)
  t.match(told, /leftToDispatcher=1/)
})

void test('the end under auditd: in doubt is what a kernel had, dropped is what none had', async (t) => {
  const { plugin, said } = await plugged(t)
  const auditd = new Auditd(plugin)
  auditd.write(`${RECORDS.join('\n')}\n`)
  await until(() => (said() + auditd.complaints).includes('records wait'))
  auditd.write('type=USER msg=audit(1700000000.000:4): n=4\n')
  t.equal(await auditd.end(), 0)
  t.match(said() + auditd.complaints, /not with a server, or not once.* dropped=1.* inDoubt=3/)
})

void test('under auditd: each record that there is no room for is counted once', async (t) => {
  const { plugin, said } = await plugged(t, { bufferBytes: 4096 })
  const auditd = new Auditd(plugin)
  auditd.write(`${RECORDS.join('\n')}\n`)
  await until(() => (said() + auditd.complaints).includes('records wait'))
  const more = Array.from({ length: 200 }, (_, index) => `type=USER msg=audit(1700000000.000:${index + 4}): x\n`)
  auditd.write(more.join(''))
  t.equal(await auditd.end(), 0)
  const told = said() + auditd.complaints
  t.match(told, /the buffer is full: new records are dropped/)
  t.match(told, /not with a server, or not once.* dropped=200.* inDoubt=3/)
})
