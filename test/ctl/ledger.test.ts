import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import type { DaemonStatus } from '../../src/control/daemon-status.js'
import type { FilePort } from '../../src/ctl/host.js'
import { ledger } from '../../src/ctl/ledger.js'
import type { LedgerWorld } from '../../src/ctl/ledger-around.js'
import { evidenceIn } from '../../src/ctl/ledger-auditd-log.js'
import { kernelLogIn, lostSince } from '../../src/ctl/ledger-kernel-log.js'
import { writeStatus, type StatusReport } from '../../src/remote/status.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'
import { fakeDaemon, ok } from './fake-daemon.js'
import { fakeHost, jailed } from './fake-host.js'

const STARTED_MS = Date.parse(STATUS.startedAt)
const STARTED_S = STARTED_MS / 1000
const NODE = {
  node: '',
  first: 100,
  last: 499,
  missing: 0,
  pending: 0,
  unlisted: 0,
  ranges: [],
  restarts: 0,
  strays: 0,
}
/** As audit 2.3 and later print it, and as those before did. */
const AUDITCTL =
  'enabled 1\nfailure 1\npid 77\nrate_limit 0\nbacklog_limit 64\nlost 0\nbacklog 3\nbacklog_wait_time 15000\n'
const OLD_AUDITCTL = 'AUDIT_STATUS: enabled=1 flag=1 pid=77 rate_limit=0 backlog_limit=320 lost=12 backlog=0\n'

interface Scene {
  readonly status?: Partial<DaemonStatus>
  readonly auditctl?: string
  /** When the kernel said that it had lost how many. */
  readonly told?: readonly (readonly [atMs: number, lost: number])[]
  /** Serials in auditd's log. */
  readonly logged?: readonly number[]
  readonly conf?: string
  readonly remote?: readonly StatusReport[]
  readonly files?: Partial<FilePort>
}

/** Runs the verb in a machine that is so. */
async function run(t: Test, scene: Scene, ...args: readonly string[]) {
  const root = t.testdir({
    etc: { audit: { 'auditd.conf': `log_file = /audit.log\n${scene.conf ?? ''}` } },
    'audit.log': (scene.logged ?? []).map((serial) => logLine(serial)).join(''),
    spool: {},
  })
  for (const [index, report] of (scene.remote ?? []).entries()) {
    await fs.mkdir(`${root}/spool/${index}`)
    writeFileSync(`${root}/spool/${index}/status.json`, writeStatus(report, 'running', STARTED_MS))
  }
  const { socket } = await fakeDaemon(t, () => [ok({ ...STATUS, serials: serials(), ...scene.status })])
  const host = fakeHost(root)
  const told = (scene.told ?? []).map(([atMs, lost], index) => kernelMessage(index + 5, atMs, lost))
  const world: LedgerWorld = {
    world: {
      files: { ...jailed(root), ...scene.files },
      uid: 0,
      run: () => Promise.resolve({ kind: 'ended', status: 0, out: scene.auditctl ?? AUDITCTL, err: '' }),
    },
    kernelLog: () => kernelLogIn(told, 0),
    remoteDirs: () => Promise.resolve((scene.remote ?? []).map((_, index) => `/spool/${index}`)),
  }
  const exitStatus = await ledger([...args, '--socket', socket], host, () => world)
  return { exitStatus, out: host.printed().out }
}

function serials(missing: readonly (readonly [number, number])[] = []): DaemonStatus['serials'] {
  const count = missing.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  return { nodes: [{ ...NODE, missing: count, ranges: missing }], untracked: 0 }
}

function logLine(serial: number, seconds = STARTED_S + 1): string {
  return `type=SYSCALL msg=audit(${Math.floor(seconds)}.000:${serial}): arch=c000003e\n`
}

function kernelMessage(number: number, atMs: number, lost: number): string {
  return `4,${number},${atMs * 1000},-;audit: audit_lost=${lost} audit_rate_limit=0 audit_backlog_limit=64\n`
}

void test('nothing lost', async (t) => {
  const { exitStatus, out } = await run(t, {})
  t.equal(exitStatus, 0)
  t.match(
    out,
    /^nothing lost\nsince {3}2026-11-21T19:09:14.000Z \(2 min\)\nkernel {2}lost 0 of its records, backlog 3 of 64\n/,
  )
  t.match(out, /^door {4}1,200 records in 234 KiB, 0 damaged, 0 bytes skipped$/m)
  t.match(out, /^\(none\) +100 +499 +0 +0 +0$/m)
  t.match(out, /^syslog +1,200 +1,190 +7 +0 +3 {2}balances$/m)
})

void test('what a plugin lost is its own, with the key that mends it', async (t) => {
  const lost = { ...PLUGIN, delivered: 1180, dropped: { 'queue-full': 8, 'too-long': 2 }, droppedTotal: 10 }
  const { exitStatus, out } = await run(t, { status: { plugins: [lost] } })
  t.equal(exitStatus, 1)
  t.match(out, /^lost: by syslog$/m)
  t.match(out, /^syslog +1,200 +1,180 +7 +10 +3 {2}balances {2}queue-full 8, too-long 2$/m)
  t.match(
    out,
    /^lost {2}plugin syslog: 8 records dropped: queue-full\n {6}.*syslog\.conf: a larger q_depth \(now 100000\)/m,
  )
  t.notMatch(out, /kernel:|auditd:/)
  const alone = await run(t, { status: { plugins: [lost] }, auditctl: OLD_AUDITCTL }, 'syslog')
  t.equal(alone.exitStatus, 1)
  t.notMatch(alone.out, /kernel|door/, 'of one plugin nothing else')
  const unbalanced = await run(t, { status: { plugins: [{ ...PLUGIN, balanced: false }] } })
  t.equal(unbalanced.exitStatus, 1)
  t.match(unbalanced.out, /DOES NOT BALANCE/)
})

void test('missing events: whose loss it was', async (t) => {
  const missing = {
    status: {
      serials: serials([
        [200, 203],
        [300, 300],
      ]),
    },
  }
  const around = [150, 199, 204, 299, 301, 400]
  const clean = await run(t, missing)
  t.equal(clean.exitStatus, 1)
  t.match(clean.out, /^\(none\) +100 +499 +5 +0 +0 {2}200-203, 300$/m)
  t.match(
    clean.out,
    /^lost {2}auditd: 5 events did not come from auditd: the kernel has lost nothing\n {6}\/etc\/audit\/auditd.conf: q_depth = 20000 \(now 2000\)/m,
  )

  const had = await run(t, {
    ...missing,
    logged: [...around, 200, 201, 202, 203, 300],
    auditctl: OLD_AUDITCTL,
    conf: 'q_depth = 9000\n',
  })
  t.match(
    had.out,
    /^lost {2}auditd: 5 events did not come from auditd: they are in its log\n.*q_depth = 36000 \(now 9000\)/m,
  )
  t.notMatch(had.out, /kernel: \d+ events?/)

  const hadNot = await run(t, { ...missing, logged: around, auditctl: OLD_AUDITCTL })
  t.match(hadNot.out, /^lost {2}kernel: lost 12 records since the boot.*\n {6}auditctl -b 8192 \(now 320\)/m)
  t.match(hadNot.out, /^lost {2}kernel: 5 events never came to auditd: they are not in its log either/m)
  t.notMatch(hadNot.out, /auditd: \d+ event/)

  const both = await run(t, { ...missing, logged: [...around, 201], auditctl: OLD_AUDITCTL })
  t.match(both.out, /^lost {2}auditd: 1 event did not/m)
  t.match(both.out, /^lost {2}kernel: 4 events never/m)

  const untold = await run(t, { ...missing, auditctl: OLD_AUDITCTL })
  t.match(untold.out, /^lost {2}kernel or auditd: 5 events never came, and it is not known whether auditd had them/m)
  const json: unknown = JSON.parse((await run(t, { ...missing, auditctl: OLD_AUDITCTL }, '--json')).out)
  t.match(json, {
    verb: 'ledger',
    kernel: { lost: 12, backlogLimit: 320, lostSinceStart: { atLeast: 0, atMost: 12 } },
    door: {
      serials: {
        nodes: [
          {
            ranges: [
              [200, 203],
              [300, 300],
            ],
          },
        ],
      },
      inAuditdsLog: { had: 0, hadNot: 0, untold: 5 },
    },
    plugins: [{ name: 'syslog', balanced: true }],
    losses: [{ by: 'kernel' }, { by: 'kernel or auditd', count: 5 }],
    exitStatus: 1,
  })
  const dispatching = await run(t, { ...missing, conf: 'dispatcher = /usr/sbin/audispd\n' })
  t.match(dispatching.out, /disp_qos = lossy/)
})

void test('what the kernel lost before audispd ran counts with --since-start for nothing', async (t) => {
  const before = {
    auditctl: OLD_AUDITCTL,
    told: [
      [STARTED_MS - 50_000, 11],
      [STARTED_MS - 1, 12],
    ] as const,
  }
  const all = await run(t, before)
  t.equal(all.exitStatus, 1)
  t.match(
    all.out,
    /lost 12 records since the boot, .*; none of them since audispd runs; its log last told so at 2026-11-21T19:09:13.999Z/,
  )
  t.equal((await run(t, before, '--since-start')).exitStatus, 0)
  const after = {
    auditctl: OLD_AUDITCTL,
    told: [
      [STARTED_MS - 50_000, 3],
      [STARTED_MS + 9, 10],
    ] as const,
  }
  const since = await run(t, after, '--since-start')
  t.equal(since.exitStatus, 1)
  t.match(since.out, /kernel: lost 3 to 12 records since audispd runs/)
  const json = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run(t, after, '--json', ...args)).out)
  t.match(await json('--since-start'), { losses: [{ by: 'kernel', countFrom: 3, count: 12 }] }, 'as in the text')
  t.match(await json(), { losses: [{ by: 'kernel', countFrom: 12, count: 12 }] })
  const untold = await run(t, { auditctl: OLD_AUDITCTL }, '--since-start')
  t.equal(untold.exitStatus, 1, 'nobody knows')
  t.match(untold.out, /kernel: lost 0 to 12 records since audispd runs\n.*; then: auditctl --reset-lost/)
})

void test('records to and from other machines, hop by hop', async (t) => {
  const tally = { entries: 0, records: 0 }
  const stream = {
    principal: 'cn:log1',
    stream: '0123456789abcdef',
    state: 'up',
    sinceMs: 0,
    address: '',
    last: 90,
    durable: 80,
    acked: 70,
  } as const
  const rest = {
    lagRecords: 10,
    lagMs: 4000,
    holes: tally,
    losses: tally,
    repeats: 0,
    maybeRepeats: 0,
    forks: 0,
    certificate: null,
    lastError: '',
  }
  const program = {
    pid: 1,
    startedMs: 0,
    protocol: 'native',
    promise: '',
    disk: 'ok',
    bytes: 0,
    certificate: null,
    refused: [],
  } as const
  const send: StatusReport = {
    ...program,
    program: 'remote-send',
    dir: '/s',
    handOver: null,
    streams: [{ ...stream, ...rest }],
  }
  const lossy = { ...stream, ...rest, holes: { entries: 1, records: 7 }, losses: { entries: 2, records: 9 } }
  const receive: StatusReport = {
    ...program,
    program: 'remote-recv',
    dir: '/r',
    handOver: { last: 500, acked: 450 },
    streams: [lossy],
  }
  const well = await run(t, { remote: [send] })
  t.equal(well.exitStatus, 0)
  t.match(well.out, /^remote-send \/spool\/0 +cn:log1 +01234567 +90 +70 +20 {2}balances +80 +4 s +0 +0$/m)
  const none = await run(t, { remote: [send], files: { stat: () => fs.stat('/dev/zero') } })
  t.notMatch(none.out, 'remote-send', 'what is no file is not read: there may be no end of it')
  const { exitStatus, out } = await run(t, { remote: [send, receive] })
  t.equal(exitStatus, 1)
  t.match(out, /^\/spool\/1 to audispd +- +- +500 +450 +50 {2}balances/m)
  t.match(out, /the sender lost 9 records in 2 places\n {6}audispctl remote verify \/spool\/1/)
  t.match(out, /7 records in 1 place will never come/)
})

void test('damage at the door', async (t) => {
  const input = { ...STATUS.input, damaged: 1, torn: 1, skippedBytes: 99 }
  const { exitStatus, out } = await run(t, { status: { input } })
  t.equal(exitStatus, 1)
  t.match(out, /^lost {2}door: 1 damaged, 1 torn, 0 too long; 99 bytes skipped$/m)
})

void test('the kernel cannot always be asked', async (t) => {
  const { exitStatus, out } = await run(t, { auditctl: 'You must be root to run this program.\n' })
  t.equal(exitStatus, 0)
  t.match(out, /^kernel {2}not asked: /m)
  await t.rejects(ledger(['--socket', '/nowhere/control.sock'], fakeHost('/')), { code: 'not-running' })
  await t.rejects(ledger(['a', 'b'], fakeHost('/')), { code: 'usage' })
})

void test("auditd's log is read as far as it has to be", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-ledger-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const log = join(dir, 'audit.log')
  const lines = (from: number, to: number, seconds: number): string =>
    Array.from({ length: to - from + 1 }, (_, index) => logLine(from + index, seconds)).join('')
  // Of the boot before: the same numbers.
  writeFileSync(`${log}.2`, lines(1, 900, STARTED_S - 9000))
  writeFileSync(`${log}.1`, lines(100, 199, STARTED_S + 1))
  writeFileSync(
    log,
    `${lines(201, 300, STARTED_S + 2)}type=DAEMON_ROTATE msg=audit(${STARTED_S}.000:250): x\nnonsense\n`,
  )
  const evidence = (...missing: (readonly [number, number])[]) => evidenceIn(fs, log, missing, STARTED_S)
  t.same(await evidence([200, 200]), { had: 0, hadNot: 1, untold: 0 })
  t.same(await evidence([150, 152], [200, 202]), { had: 5, hadNot: 1, untold: 0 })
  t.same(await evidence([300, 310]), { had: 1, hadNot: 0, untold: 10 }, 'it does not go on behind that yet')
  t.same(await evidence([90, 99]), { had: 0, hadNot: 0, untold: 10 }, 'nor before that any more')
  const read: string[] = []
  const fifo = {
    stat: () => fs.stat('/dev/null'),
    readFile: (path: string) => {
      read.push(path)
      return Promise.resolve(Buffer.from(logLine(1)))
    },
  }
  t.same(await evidenceIn(fifo, log, [[1, 2]], 0), { had: 0, hadNot: 0, untold: 2 })
  t.equal(read.length, 0, 'what is no file may have no end')
  t.same(await evidenceIn(fs, join(dir, 'none'), [[1, 2]], 0), { had: 0, hadNot: 0, untold: 2 })
})

void test("the kernel's log tells since when", (t) => {
  const log = kernelLogIn(
    [
      '6,0,1000,-;Linux version 6.1\n',
      kernelMessage(5, 10, 1),
      '6,6,20000,-;audit: type=1400 audit(1.0:1): audit_lost=9 \n',
      kernelMessage(7, 30, 5),
      'SUBSYSTEM=x\n',
    ],
    1000,
  )
  t.same(log.losses, [
    { atMs: 1010, lost: 1 },
    { atMs: 1030, lost: 5 },
  ])
  t.same(lostSince(log, 1020, 8), { atLeast: 4, atMost: 8 })
  t.same(lostSince(log, 1031, 8), { atLeast: 0, atMost: 8 }, 'it does not tell everything')
  t.same(lostSince(log, 1031, 5), { atLeast: 0, atMost: 0 })
  t.same(lostSince(log, 0, 8), { atLeast: 8, atMost: 8 })
  t.same(lostSince(log, 1031, 2), { atLeast: 0, atMost: 2 }, 'it was reset')
  t.same(lostSince(undefined, 0, 9), { atLeast: 0, atMost: 9 })
  t.same(lostSince(undefined, 0, 0), { atLeast: 0, atMost: 0 })
  t.end()
})
