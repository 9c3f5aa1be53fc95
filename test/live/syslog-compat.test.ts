// Beside the real audisp-syslog: the same records and arguments, and the same bytes in the same datagrams, but for the time of day at
// which they were sent.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { RECORDED_LINES, recordedLines } from '../protocol/recorded-lines.js'
import { ENVIRONMENT, missingPrograms, whyNoNamespace } from './kernel.js'
import { firstDifference } from './record-lines.js'
import { program } from './scene.js'
import { SyslogPlugin } from './syslog-plugin.js'

const TIME = /^(<\d+>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /gm
const skip = whyNoNamespace() || missingPrograms('audisp-syslog', 'perl')

const RECORDED = RECORDED_LINES.flatMap(recordedLines)
/** What it cannot read at once, what has several separators, and what is no record. */
const ODD = [
  `type=USER_CMD msg=audit(1795288121.477:1): cmd=${'x'.repeat(8900)} AUID`,
  ...[8924, 8925, 8926, 17_900, 30_000].map(
    (length) => `type=USER msg=audit(1795288121.477:2): a=${'y'.repeat(length)}`,
  ),
  'type=USER msg=audit(1795288121.477:3): a=1\x1dAUID="a"\x1dUID="b"',
  'nothing of the kind',
  '',
].map((text) => Buffer.from(text, 'latin1'))

class Receiver {
  readonly dir = mkdtempSync('/tmp/audispd-compat-')
  readonly #end: () => Promise<void>

  static async start(t: Test): Promise<Receiver> {
    const receiver = new Receiver()
    t.teardown(async () => {
      await receiver.#end()
      rmSync(receiver.dir, { recursive: true, force: true })
    })
    await receiver.#ready
    return receiver
  }

  readonly #ready: Promise<unknown>

  private constructor() {
    const args = [program('datagrams-to-file.pl'), this.socket, join(this.dir, 'out')]
    const child = spawn('perl', args, { env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ready = once(child.stdout, 'data')
    const ended = once(child, 'exit')
    this.#end = async () => {
      child.stdin.end()
      await ended
    }
  }

  get socket(): string {
    return join(this.dir, 'log')
  }

  get through(): string[] {
    return ['/bin/sh', program('with-dev-log.sh'), this.socket]
  }

  /** Everything that has come, after which nothing more is taken. */
  async all(): Promise<string> {
    await this.#end()
    return readFileSync(join(this.dir, 'out'), 'latin1')
  }
}

async function theirs(t: Test, args: readonly string[], records: readonly Buffer[]): Promise<string> {
  const receiver = await Receiver.start(t)
  writeFileSync(join(receiver.dir, 'in'), Buffer.concat(records.flatMap((record) => [record, Buffer.from('\n')])))
  const [shell = '', ...rest] = receiver.through
  const line = [...rest, '/bin/sh', '-c', 'exec audisp-syslog "$@" <"$0"', join(receiver.dir, 'in'), ...args]
  const { status, stderr } = spawnSync(shell, line, { env: ENVIRONMENT, encoding: 'utf8' })
  t.equal(status, 0, `audisp-syslog ends well${stderr}`)
  return receiver.all()
}

async function ours(
  t: Test,
  args: readonly string[],
  records: readonly Buffer[],
  hide: readonly string[] = [],
): Promise<string> {
  const receiver = await Receiver.start(t)
  const plugin = new SyslogPlugin(t, args, { through: [...hide, ...receiver.through] })
  await plugin.give(records)
  await plugin.allAcked()
  t.equal(await plugin.stop(), 0, 'ours ends well')
  return receiver.all()
}

function linesOf(text: string): string[] {
  return text.replaceAll(TIME, '$1TIME ').split('\n')
}

function compare(t: Test, found: readonly string[], wanted: readonly string[]): void {
  t.ok(wanted.length > RECORDED.length / 2, `${wanted.length} lines`)
  t.equal(firstDifference(found, wanted), '')
}

void test('byte for byte as audisp-syslog', { skip }, async (t) => {
  for (const args of [['LOG_INFO'], ['LOG_WARNING', 'LOG_LOCAL6'], ['log_debug', 'LOG_AUTHPRIV', 'LOG_ERR']]) {
    const records = [...RECORDED, ...ODD]
    compare(t, linesOf(await ours(t, args, records)), linesOf(await theirs(t, args, records)))
  }
  const args = ['LOG_INFO', 'LOG_LOCAL0', 'interpret']
  compare(t, linesOf(await ours(t, args, RECORDED)), linesOf(await theirs(t, args, RECORDED)))
})

void test(
  'by logger(1) the same texts, with the same priorities',
  { skip: skip || missingPrograms('logger') },
  async (t) => {
    const nothing = mkdtempSync('/tmp/audispd-nothing-')
    t.teardown(() => {
      rmSync(nothing, { recursive: true })
    })
    const hide = ['/bin/sh', program('with-mounts.sh'), nothing, realpathSync('node_modules/unix-dgram'), '--']
    const args = ['LOG_NOTICE']
    // logger takes a line end for the end of a message.
    const told = (text: string): string[] => linesOf(text).filter((line) => line !== '')
    compare(t, told(await ours(t, args, RECORDED, hide)), told(await theirs(t, args, RECORDED)))
  },
)
