// Real servers get every recorded record, by every way, and understand all that it was sent with.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { RECORDED_LINES, recordedLines } from '../protocol/recorded-lines.js'
import { makeAuthority } from '../remote/tls/authority.js'
import { missingPrograms, whyNoNamespace } from './kernel.js'
import { program } from './scene.js'
import { SyslogPlugin } from './syslog-plugin.js'
import { startRsyslog, startSyslogNg, whyNoSyslogNg, type SyslogServer, type Understood } from './syslog-servers.js'

const PART = /^\[part (\d+)\/(\d+) (?:audit\((\S+)\) )?#(\d+)\] /
const HEAD = /^(?:node=(\S*) )?type=(\S+) msg=audit\((\d+\.\d+):(\d+)\)/
const INFO_LOCAL3 = '158'

const skip =
  process.getuid?.() === 0
    ? missingPrograms('rsyslogd', 'openssl', 'logger') || whyNoSyslogNg()
    : 'only root reads what only root may write'

/** Every record, and some that are longer than a datagram. */
const RECORDS: readonly Buffer[] = [
  ...RECORDED_LINES.flatMap(recordedLines),
  ...[9000, 20_000, 60_000].map((length) =>
    Buffer.from(`type=USER_CMD msg=audit(1795288121.477:99${length}): cmd=${'x\xff"]\\'.repeat(length / 5)}`, 'latin1'),
  ),
]
/** The logs and what string plugins got beside them have most records in common. */
const DIFFERENT = [...new Set(RECORDS.map((record) => record.toString('latin1')))].map((text) =>
  Buffer.from(text, 'latin1'),
)
/** As many as a socket's buffer has room for in any case. */
const PACE = 60

function isSent(record: Buffer): boolean {
  return !/^(?:node=\S+ )?type=EOE /.test(record.toString('latin1', 0, 200))
}

interface Places {
  readonly dir: string
  readonly rsyslog: SyslogServer
  readonly syslogNg: SyslogServer
}

async function prepare(t: Test): Promise<Places> {
  const dir = mkdtempSync('/tmp/audispd-syslog-files-')
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  const authority = makeAuthority(dir)
  authority.issue('client', 'DNS:client')
  const server = authority.issue('server', 'DNS:localhost, IP:127.0.0.1')
  return { dir, rsyslog: await startRsyslog(t, server), syslogNg: await startSyslogNg(t, server) }
}

function config(dir: string, lines: readonly string[]): string {
  const path = join(dir, 'syslog.conf')
  const tls = [`tls_ca = ${dir}/ca.pem`, `tls_cert = ${dir}/client.pem`, `tls_key = ${dir}/client-key.pem`]
  const usesTls = lines.some((line) => line.includes('tls://'))
  const all = ['facility = local3', 'separator = keep', 'host_name = me', ...lines, ...(usesTls ? tls : [])]
  writeFileSync(path, `${all.join('\n')}\n`)
  return path
}

interface Expectation {
  readonly isNew: boolean
  readonly host?: string
  /** Nothing holds up who sends by UDP: a server that is busy loses what its socket has no room for. */
  readonly isPaced?: boolean
  /** What runs the plugin. */
  readonly through?: readonly string[]
}

/** Sends all there is and looks at what has come of it. */
async function carry(
  t: Test,
  server: SyslogServer,
  file: string,
  { isNew, host = 'me', isPaced = false, through = [] }: Expectation,
): Promise<void> {
  const before = server.count()
  const plugin = new SyslogPlugin(t, [file], { through })
  const records = isPaced ? DIFFERENT : RECORDS
  const sent = records.filter(isSent)
  for (let at = 0; at < records.length; at += isPaced ? PACE : records.length) {
    await plugin.give(isPaced ? records.slice(at, at + PACE) : records)
    await plugin.allAcked()
    if (isPaced) await server.has(before + records.slice(0, at + PACE).filter(isSent).length)
  }
  t.equal(await plugin.stop(), 0, 'it ends well')
  await server.has(before + sent.length)
  const got = server.messages(before)
  const texts = joined(got, isNew)
  const wanted = sent.map((record) => record.toString('latin1'))
  t.equal(texts.length, wanted.length, 'as many records')
  t.equal(
    texts.findIndex((text, index) => text !== wanted[index]),
    -1,
    'each byte for byte, in order',
  )
  t.ok(
    got.every((each) => each.pri === INFO_LOCAL3 && each.program === 'audispd'),
    'priority and name',
  )
  if (isNew)
    t.same(got.flatMap((each) => mistakesIn(each, host)).slice(0, 3), [], 'everything beside the text is right')
}

/** The records, of parts too. */
function joined(messages: readonly Understood[], isNew: boolean): string[] {
  const records: string[] = []
  for (const { msg, sd } of messages) {
    const text = msg.replace(/^ /, '')
    const found = isNew ? /part="(\d+)\/(\d+)"/.exec(sd) : PART.exec(text)
    const bare = isNew ? text : text.replace(PART, '')
    if (found === null || found[1] === '1') records.push(bare)
    else records.push((records.pop() ?? '') + bare)
  }
  return records
}

/** What a server has understood of a message of RFC 5424, beside what the record itself says. */
function mistakesIn({ msg, sd, msgid, host, time }: Understood, ownHost: string): string[] {
  if (/part="(?!1\/)/.test(sd)) return []
  const [, node, type = '', at = '', serial = ''] = HEAD.exec(msg.replace(/^ /, '')) ?? []
  const wanted = {
    msgid: type,
    host: node ?? ownHost,
    sd: `type="${type}" time="${at}" serial="${serial}"`,
    time: new Date(Math.round(Number(at) * 1000)).toISOString().slice(0, 23),
  }
  const isRight =
    msgid === wanted.msgid &&
    host === wanted.host &&
    sd.replace(/\[audit@32473 /, '').includes(wanted.sd.replaceAll(']', '\\]')) &&
    time.slice(0, 23) === wanted.time &&
    (node === undefined || sd.includes(`node="${node}"`))
  return isRight ? [] : [JSON.stringify({ msg: msg.slice(0, 100), sd, msgid, host, time, wanted })]
}

void test('rsyslog and syslog-ng understand every recorded record', { skip }, async (t) => {
  const { dir, rsyslog, syslogNg } = await prepare(t)
  const modern = { isNew: true }
  for (const [name, server] of [
    ['rsyslog', rsyslog],
    ['syslog-ng', syslogNg],
  ] as const) {
    await t.test(`${name}, TCP`, (sub) =>
      carry(sub, server, config(dir, [`server = tcp://127.0.0.1:${server.port}`]), modern),
    )
    await t.test(`${name}, TLS`, (sub) =>
      carry(sub, server, config(dir, [`server = tls://localhost:${server.tlsPort}`, 'confirm = 1s']), modern),
    )
    await t.test(`${name}, the local socket`, (sub) =>
      carry(sub, server, config(dir, [`server = ${server.socket}`, 'app_name = audispd']), { isNew: false }),
    )
    await t.test(`${name}, UDP`, (sub) =>
      carry(sub, server, config(dir, [`server = udp://127.0.0.1:${server.port}`, 'max_datagram = 8K']), {
        ...modern,
        isPaced: true,
      }),
    )
  }
})

void test(
  'without unix-dgram logger(1) sends, and every record comes',
  { skip: skip || whyNoNamespace() },
  async (t) => {
    const { dir, rsyslog } = await prepare(t)
    mkdirSync(join(dir, 'nothing'))
    const hidden = [join(dir, 'nothing'), realpathSync('node_modules/unix-dgram')]
    const through = ['/bin/sh', program('with-mounts.sh'), ...hidden, '--']
    await carry(t, rsyslog, config(dir, [`server = ${rsyslog.socket}`]), { isNew: false, through })
  },
)
