// Real packets in a network of their own, seen by the kernel's AUDIT, LOG and NFLOG targets at once, the last with ulogd2. What the plugin
// makes of them is compared with what was sent, and with the records of the AUDIT target.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test, type Test } from 'tap'
import { Daemon } from '../e2e/daemon.js'
import { endAtSigterm, keeper, NO_INPUT } from '../e2e/keeper.js'
import { Place } from '../e2e/place.js'
import { Auditd } from './auditd.js'
import { auditctl, ENVIRONMENT, kernelState, missingPrograms, whyNoAuditd } from './kernel.js'
import { keysAndValues, program, Scene } from './scene.js'
import { until } from './until.js'

const MAIN = resolve('build/plugins/iptables/main.js')
const LAUNCHER = resolve('build/bin/audispd-iptables')
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'
const NETFILTER_PKT = '1324'
const PACKETS = 12
const UDP_BYTES = 31
const ECHO_IDS = { v4: '4321', v6: '4322' }

type Fields = Readonly<Record<string, string>>

const common = whyNoAuditd() || missingPrograms('ulogd', 'unshare', 'ip', 'ping')

for (const backend of ['legacy', 'nft']) {
  const skip = common || missingPrograms(`iptables-${backend}`, `ip6tables-${backend}`)
  void test(`packets of every kind, from all three, rules by iptables-${backend}`, { skip }, async (t) => {
    const prefix = `t${process.pid}-${backend}`
    const place = new Place(t)
    const sources = { kmsg: '', logemu: place.path('emu.log'), json: place.path('ulogd.json') }
    for (const [source, file] of Object.entries(sources)) follow(place, source, file, prefix)
    keeper(place, 'sink')
    logFromAllNetworks(t)
    const audit = await hearAudit(t)
    const daemon = new Daemon(t, place, NO_INPUT)
    // From now on counts for the kernel's messages once their place is written down.
    await daemon.until(() => place.size('position-kmsg') > 0, 'the kernel is listened to')
    const made = spawnSync('/bin/sh', [program('logs-packets.sh'), backend, prefix, place.dir], {
      env: ENVIRONMENT,
      encoding: 'utf8',
    })
    t.equal(made.status, 0, made.stderr)
    const records = (): string[] =>
      place
        .read('sink')
        .toString('latin1')
        .match(/type=NETFILTER_PKT .*/g) ?? []
    await daemon.until(() => records().length >= 3 * PACKETS, 'all packets from all sources')

    const bodies = (said: string): string[] =>
      records()
        .filter((record) => record.includes(` prefix="${prefix}-${said}" `))
        .map((record) => record.replace(/^.*?\): /, ''))
    const fromKernel = bodies('log')
    const fromUlogd = bodies('nflog')
    t.equal(fromKernel.length, PACKETS)
    t.equal(fromUlogd.length, 2 * PACKETS)
    // The AUDIT target sees them in this network as well; its records come by a thread of the kernel's.
    const theirs = await until(
      'the records of the AUDIT target',
      () => audit.records().length >= PACKETS && audit.records(),
    )
    t.equal(theirs.length, PACKETS)
    for (const [at, body] of fromKernel.entries()) {
      t.ok(body.startsWith(`${theirs[at]} `), `${theirs[at]} begins ${body}`)
      const same = fromUlogd.filter((each) => withoutSource(each) === withoutSource(body))
      t.equal(same.length, 2, `LOGEMU and JSON have the same of it: ${withoutSource(body)}`)
    }
    t.same(
      fromKernel.map(fieldsOf).map(essence),
      wanted(place.read('sent').toString()),
      'what was sent is there, and the answers',
    )
    const kept = place.path('records')
    writeFileSync(kept, `${records().join('\n')}\n`)
    const found = spawnSync('ausearch', ['-if', kept, '-m', 'NETFILTER_PKT', '--raw'], {
      env: ENVIRONMENT,
      encoding: 'utf8',
    })
    t.same(found.stdout.trimEnd().split('\n').sort(), records().sort(), `ausearch finds them: ${found.stderr}`)
    const times = records().map((record) => Number(/audit\((\d+)\./.exec(record)?.[1]) * 1000)
    t.ok(
      times.every((timeMs) => Math.abs(timeMs - Date.now()) < 120_000),
      'of this time',
    )
    await endAtSigterm(t, daemon)
    t.equal(daemon.lines('plugin died').length, 0)
  })
}

void test('under auditd packets come back from the kernel as messages', { skip: common }, async (t) => {
  const scene = new Scene(t)
  copyFileSync('test/fixtures/netfilter/ulogd.json', scene.path('ulogd.json'))
  scene.write(
    'iptables.conf',
    keysAndValues({
      source: 'json',
      file: scene.path('ulogd.json'),
      output: 'kernel',
      max_per_second: 5,
      position_file: scene.path('position'),
    }),
  )
  scene.write(
    'auditd/plugins.d/iptables.conf',
    keysAndValues({
      active: 'yes',
      direction: 'out',
      path: LAUNCHER,
      type: 'always',
      args: scene.path('iptables.conf'),
      format: 'string',
    }),
  )
  const auditd = await Auditd.start(t, scene)
  const messages = (): string[] => scene.read('audit.log').match(/^type=USER .* msg='text=netfilter-packet .*$/gm) ?? []
  await until('five messages', () => messages().length >= 5)
  t.match(
    messages()[0],
    / msg='text=netfilter-packet when=1795332395\.405 mark=0x2a saddr=127\.0\.0\.1 .* exe="\/usr\/sbin\/auditctl" .* res=success'$/,
  )
  await until('the position of all', () =>
    scene.read('position').includes(`"offset":${readFileSync(scene.path('ulogd.json')).length}`),
  )
  await auditd.end()
  await auditd.nothingLeft()
  t.equal(messages().length, 5, 'all are of one second')
})

/** A drop-in that follows one source, and leaves out what is of others. */
function follow(place: Place, source: string, file: string, prefix: string): void {
  const config = place.path(`${source}.conf`)
  const position = place.path(`position-${source}`)
  // The kernel still has the packets of other runs.
  const begin = source === 'kmsg' ? 'newest' : 'oldest'
  writeFileSync(config, keysAndValues({ source, file, begin, prefix: `${prefix}-*`, position_file: position }))
  place.dropIn(source, [
    `path = ${process.execPath}`,
    `args = ${MAIN} ${config}`,
    'format = protocol',
    'direction = in',
  ])
}

/** The LOG target is silent in other networks than the first, unless this is set. */
function logFromAllNetworks(t: Test): void {
  const before = readFileSync(ALL_NETNS, 'utf8')
  writeFileSync(ALL_NETNS, '1')
  t.teardown(() => {
    writeFileSync(ALL_NETNS, before)
  })
}

/** Switches audit on, and listens to what the AUDIT target says. */
async function hearAudit(t: Test): Promise<{ records(): string[] }> {
  const { enabled } = kernelState()
  const child: ChildProcess = spawn('perl', [program('hears-audit.pl'), NETFILTER_PKT], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let heard = ''
  child.stdout?.setEncoding('latin1').on('data', (text: string) => {
    heard += text
  })
  t.teardown(async () => {
    auditctl('-e', String(enabled))
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })
  await until('it listens', () => heard.startsWith('ready\n'))
  auditctl('-e', '1')
  return { records: () => [...heard.matchAll(/^audit\([^)]*\): (.*)$/gm)].map(([, body = '']) => body) }
}

function fieldsOf(body: string): Fields {
  return Object.fromEntries([...body.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value]))
}

/** Without what only one of the sources knows, or says in its own words. */
function withoutSource(body: string): string {
  return body.replaceAll(/ (?:prefix|hook)=\S+/g, '')
}

/** What the test knows of a packet. */
function essence({
  saddr,
  proto,
  sport,
  dport,
  icmptype,
  icmpcode,
  icmpid,
  tcpflags,
  mark,
  len,
  in: name,
}: Fields): string {
  const end =
    proto === '17'
      ? `${sport}>${dport} ${mark} ${len}`
      : proto === '6'
        ? `${sport}>${dport} ${tcpflags}`
        : `${icmptype}/${icmpcode}`
  return [saddr, name, proto, end, icmpid ?? ''].join(' ').trim()
}

function wanted(sent: string): string[] {
  const port = (host: string, protocol: string): string =>
    new RegExp(`^${host} ${protocol} (\\d+)$`, 'm').exec(sent)?.[1] ?? ''
  const to = (host: string, icmp: string, unreachable: string, more: number): string[] => [
    `${host} "lo" 17 ${port(host, 'udp')}>5353 0x2a ${UDP_BYTES + more}`,
    `${host} "lo" ${icmp} ${unreachable}`,
    `${host} "lo" 6 ${port(host, 'tcp')}>4444 SYN`,
    `${host} "lo" 6 4444>${port(host, 'tcp')} ACK,RST`,
  ]
  const ipv6More = 20
  return [
    ...to('127.0.0.1', '1', '3/3', 0),
    ...to('::1', '58', '1/4', ipv6More),
    `127.0.0.1 "lo" 1 8/0 ${ECHO_IDS.v4}`,
    `127.0.0.1 "lo" 1 0/0 ${ECHO_IDS.v4}`,
    `::1 "lo" 58 128/0 ${ECHO_IDS.v6}`,
    `::1 "lo" 58 129/0 ${ECHO_IDS.v6}`,
  ]
}
