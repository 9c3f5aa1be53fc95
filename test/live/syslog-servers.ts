// The syslog servers of Debian, each in a directory of its own, listening every way that the plugin sends. What they understand of a
// message they write as a line.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { CertificateFiles } from '../../src/remote/channel.js'
import { freePort } from '../free-port.js'
import { ENVIRONMENT } from './kernel.js'
import { until } from './until.js'

const SYSLOG_NG_DIR = '/usr/local/lib/audispd-peers/syslog-ng'
const LONGEST_BYTES = 65_536
const PATIENCE_MS = 60_000

/** One message as a server has understood it; every text has one character a byte. */
export interface Understood {
  readonly pri: string
  readonly host: string
  readonly program: string
  readonly msgid: string
  /** As it stands in the message, or as `name=value` lines. */
  readonly sd: string
  readonly time: string
  readonly msg: string
}

export interface SyslogServer {
  readonly socket: string
  readonly port: number
  readonly tlsPort: number
  /** How many messages it has written so far. */
  count(): number
  /** Waits for as many. */
  has(count: number): Promise<void>
  /** Those from this one on. */
  messages(from: number): Understood[]
  kill(): Promise<void>
  /** Again, with the same ports and files. */
  restart(): Promise<void>
}

export function whyNoSyslogNg(): string {
  return existsSync(`${SYSLOG_NG_DIR}/usr/sbin/syslog-ng`) ? '' : 'syslog-ng is not unpacked (scripts/install-peers.sh)'
}

export async function startRsyslog(t: Test, tls?: CertificateFiles): Promise<SyslogServer> {
  return LiveServer.start(t, (server) => {
    const config = server.path('rsyslog.conf')
    writeFileSync(config, rsyslogConf(server, tls))
    return ['rsyslogd', ['-n', '-f', config, '-i', server.path('pid')]]
  })
}

export async function startSyslogNg(t: Test, tls?: CertificateFiles): Promise<SyslogServer> {
  return LiveServer.start(t, (server) => {
    const config = server.path('syslog-ng.conf')
    writeFileSync(config, syslogNgConf(server, tls))
    const own = ['-F', '--no-caps', '-f', config, '--module-path', `${SYSLOG_NG_DIR}/usr/lib/syslog-ng/3.38`]
    const state = ['-R', server.path('persist'), '-c', server.path('ctl'), '-p', server.path('pid')]
    return [`${SYSLOG_NG_DIR}/usr/sbin/syslog-ng`, [...own, ...state]]
  })
}

type Command = (server: LiveServer) => [program: string, args: readonly string[]]

class LiveServer implements SyslogServer {
  readonly #dir = mkdtempSync('/tmp/audispd-syslog-')
  readonly #command: Command
  #child: ChildProcess | undefined
  #stderr = ''
  readonly #lines: string[] = []
  #begun = ''
  #offset = 0
  port = 0
  tlsPort = 0

  static async start(t: Test, command: Command): Promise<SyslogServer> {
    const server = new LiveServer(command)
    t.teardown(async () => {
      await server.kill()
      rmSync(server.#dir, { recursive: true, force: true })
    })
    server.port = await freePort()
    server.tlsPort = await freePort()
    await server.restart()
    return server
  }

  private constructor(command: Command) {
    this.#command = command
  }

  get socket(): string {
    return this.path('log')
  }

  path(name: string): string {
    return join(this.#dir, name)
  }

  messages(from: number): Understood[] {
    this.#readOn()
    return this.#lines.slice(from).map((line) => understood(line))
  }

  count(): number {
    this.#readOn()
    return this.#lines.length
  }

  async has(count: number): Promise<void> {
    await until(
      () => `${count} messages, not ${this.count()}`,
      () => this.count() >= count,
      PATIENCE_MS,
    )
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    this.#dropTorn()
  }

  async restart(): Promise<void> {
    rmSync(this.path('pid'), { force: true })
    const [program, args] = this.#command(this)
    const libraries = `${SYSLOG_NG_DIR}/usr/lib/x86_64-linux-gnu:${SYSLOG_NG_DIR}/lib/x86_64-linux-gnu:${SYSLOG_NG_DIR}/usr/lib/syslog-ng`
    const child = spawn(program, args, {
      env: { ...ENVIRONMENT, LD_LIBRARY_PATH: libraries },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    await until(
      () => `a syslog server: ${this.#stderr.slice(-2000)}`,
      () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${this.#stderr}`)
        return listens(this.port) && listens(this.tlsPort) && existsSync(this.socket)
      },
    )
  }

  /** The kill may have cut a write short: that is no message, and the next one would be glued to it. */
  #dropTorn(): void {
    this.#readOn()
    if (this.#begun === '') return
    this.#offset -= this.#begun.length
    this.#begun = ''
    truncateSync(this.path('out'), this.#offset)
  }

  /** What has come to its file since. */
  #readOn(): void {
    const path = this.path('out')
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (size === this.#offset) return
    const bytes = Buffer.alloc(size - this.#offset)
    const fd = openSync(path, 'r')
    readSync(fd, bytes, 0, bytes.length, this.#offset)
    closeSync(fd)
    this.#offset = size
    const lines = (this.#begun + bytes.toString('latin1')).split('\n')
    this.#begun = lines.pop() ?? ''
    this.#lines.push(...lines)
  }
}

/** Every message is in the file before the next is read, and nothing waits in a queue: so what was read is not lost by kill -9. */
function rsyslogConf(server: LiveServer, tls: CertificateFiles | undefined): string {
  const driver =
    tls === undefined
      ? ''
      : `defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${tls.ca}"
         defaultNetstreamDriverCertFile="${tls.cert}" defaultNetstreamDriverKeyFile="${tls.key}"`
  const secured =
    tls === undefined ? '' : 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"'
  return `
global(maxMessageSize="${LONGEST_BYTES}" parser.escapeControlCharactersOnReceive="off" parser.escapeControlCharacterTab="off"
  workDirectory="${server.path('')}" ${driver})
main_queue(queue.type="Direct")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
module(load="imtcp")
template(name="told" type="list" option.jsonf="on") {
  property(outname="pri" name="pri" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="program" name="programname" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="sd" name="structured-data" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
}
ruleset(name="told") { action(type="omfile" file="${server.path('out')}" template="told" asyncWriting="off" flushOnTXEnd="on") }
input(type="imuxsock" socket="${server.socket}" createPath="off" useSpecialParser="on" ignoreTimestamp="off"
  rateLimit.interval="0" ruleset="told")
input(type="imudp" address="127.0.0.1" port="${server.port}" ruleset="told")
input(type="imtcp" address="127.0.0.1" port="${server.port}" ruleset="told")
input(type="imtcp" address="127.0.0.1" port="${server.tlsPort}" ${secured} ruleset="told")
`
}

function syslogNgConf(server: LiveServer, tls: CertificateFiles | undefined): string {
  const secured =
    tls === undefined
      ? 'transport("tcp")'
      : `transport("tls") tls(key-file("${tls.key}") cert-file("${tls.cert}") ca-file("${tls.ca}") peer-verify(required-trusted))`
  return `@version: 3.38
options { log-msg-size(${LONGEST_BYTES}); keep-hostname(yes); flush-lines(1); stats-freq(0); use-dns(no); frac-digits(3); };
source local { unix-dgram("${server.socket}"); };
source network {
  syslog(ip("127.0.0.1") port(${server.port}) transport("udp"));
  syslog(ip("127.0.0.1") port(${server.port}) transport("tcp") max-connections(50));
  syslog(ip("127.0.0.1") port(${server.tlsPort}) ${secured} max-connections(50));
};
destination file {
  file("${server.path('out')}" template("$PRI\\t$HOST\\t$PROGRAM\\t$MSGID\\t$SDATA\\t$ISODATE\\t$MESSAGE\\n"));
};
log { source(local); source(network); destination(file); };
`
}

/** JSON, or, where that would change bytes, texts between tabs, of which only the last may hold one. */
function understood(line: string): Understood {
  if (!line.startsWith('{')) {
    const [pri = '', host = '', program = '', msgid = '', sd = '', time = '', ...msg] = line.split('\t')
    return { pri, host, program, msgid, sd, time, msg: msg.join('\t') }
  }
  const parsed: unknown = JSON.parse(line)
  const of = (name: string): string => {
    if (typeof parsed !== 'object' || parsed === null) throw new Error(`no object: ${line}`)
    const value: unknown = new Map<string, unknown>(Object.entries(parsed)).get(name)
    return typeof value === 'string' ? value : ''
  }
  return {
    pri: of('pri'),
    host: of('host'),
    program: of('program'),
    msgid: of('msgid'),
    sd: of('sd'),
    time: of('time'),
    msg: of('msg'),
  }
}

/** By the kernel's table: to connect would leave a trace at the server. */
function listens(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .some((line) => new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} \\S+ 0A `).test(line))
}
