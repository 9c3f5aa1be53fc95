// A machine on which all is well, in memory: auditd 3.0.9 starts audispd, which has a plugin of somebody's and two that are shipped. Tests
// take something from it, or add what is wrong.
import { lstatSync, type Stats } from 'node:fs'
import type { Test } from 'tap'
import type { DaemonStatus } from '../../../src/control/daemon-status.js'
import type { FilePort } from '../../../src/ctl/host.js'
import type { Check, Finding } from '../../../src/ctl/doctor/check.js'
import { surveyOf, type Survey } from '../../../src/ctl/doctor/survey.js'
import type { DaemonAnswer, Ran, World } from '../../../src/ctl/doctor/world.js'
import { version } from '../../../src/version.js'
import { PLUGIN, STATUS } from '../../control/some-daemon-status.js'

export const NOW_MS = Date.parse('2026-11-21T19:09:14.099Z')
export const LAUNCHER = '/usr/sbin/audispd'
export const STREAM_DIR = '/var/spool/audispd/remote-send'

const DIRECTORY = 0o040_755
const REGULAR = 0o100_640
const PROGRAM = 0o100_755
const SOCKET = 0o140_000

export interface File {
  readonly text?: string
  /** With the bits for its kind. */
  readonly mode?: number
  readonly uid?: number
}

export interface Illness {
  /** By path; null: it is not there. */
  readonly files?: Readonly<Record<string, File | string | null>>
  /** What programs print, by command line; the longest beginning counts. null: there is no such program. */
  readonly programs?: Readonly<Record<string, Ran | string | null>>
  readonly status?: Partial<DaemonStatus>
  /** In place of a status. */
  readonly answer?: DaemonAnswer
  readonly pending?: readonly { name: string; change: 'kept' | 'started' | 'stopped' }[]
  readonly world?: Partial<World>
}

const STATE = `enabled 1
failure 1
pid 700
rate_limit 0
backlog_limit 8192
lost 0
backlog 0
`

export const AUDITD_CONF = `log_file = /var/log/audit/audit.log
log_format = ENRICHED
name_format = HOSTNAME
q_depth = 2000
overflow_action = SYSLOG
plugin_dir = /etc/audit/plugins.d
`

export const OUR_DROP_IN = `active = yes
direction = out
path = /usr/sbin/audispd
type = always
args = --jitless
format = string
`

const FILES: Readonly<Record<string, File | string>> = {
  '/etc/audit/auditd.conf': AUDITD_CONF,
  '/etc/audit/plugins.d/audispd.conf': OUR_DROP_IN,
  '/etc/audispd/audispd.conf': '# all defaults\n',
  '/etc/audispd/audispd.d/mine.conf': 'active = yes\npath = /usr/local/bin/mine\n',
  '/etc/audispd/audispd.d/af-unix.conf': 'active = yes\n',
  '/etc/audispd/audispd.d/remote-send.conf': 'active = yes\n',
  '/etc/audispd/remote-send.conf': 'server = collector.example.org\n',
  '/usr/sbin/audispd': { mode: PROGRAM },
  '/usr/sbin/auditd': { mode: PROGRAM },
  '/usr/bin/mkfifo': { mode: PROGRAM },
  '/usr/bin/id': { mode: PROGRAM },
  '/usr/bin/getent': { mode: PROGRAM },
  '/usr/bin/flock': { mode: PROGRAM },
  '/proc/cmdline': 'BOOT_IMAGE=/vmlinuz quiet\n',
  '/proc/700/stat': '700 (auditd) S 1 700 700 0\n',
  '/proc/700/cmdline': '/sbin/auditd\0',
  '/proc/800/stat': '800 (audispd) S 700 700 700 0\n',
  '/proc/800/cmdline': 'audispd\0\0\0',
  '/proc/801/stat': '801 (node) S 800 801 801 0\n',
  '/proc/net/netlink': 'sk Eth Pid Groups\n0 9 0 00000000\n0 9 700 00000000\n',
  '/proc/net/unix': `Num RefCount Protocol Flags Type St Inode Path
0: 00000002 00000000 00010000 0001 01 17 /run/audispd_events
`,
  '/proc/net/tcp': '  sl  local_address rem_address   st\n   0: 0100007F:0016 00000000:0000 0A\n',
  '/proc/self/mountinfo': '22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n',
  '/run/audispd/800.1.boot/state.json': '{}',
  '/run/audispd/control.sock': { mode: SOCKET | 0o600 },
  '/var/run/audispd_events': { mode: SOCKET | 0o640 },
  '/run/systemd/system/x': '',
  [`${STREAM_DIR}/status.json`]: remoteStatus({}),
}

const UNIT = `MemoryDenyWriteExecute=yes
PrivateNetwork=no
ProtectSystem=no
RestrictAddressFamilies=
SystemCallFilter=
LoadState=loaded
`

export const CHECKED = [
  dropIn('mine', '/usr/local/bin/mine', []),
  dropIn('af-unix', '/usr/sbin/audispd-af-unix', ['0640', '/var/run/audispd_events', 'string']),
  dropIn('remote-send', '/usr/sbin/audispd-remote-send', ['/etc/audispd/remote-send.conf']),
]

const PROGRAMS: Readonly<Record<string, Ran | string>> = {
  '/usr/sbin/auditctl -s': STATE,
  '/usr/sbin/auditctl -l': '-w /etc/shadow -p wa -k shadow\n-a always,exit -S execve\n',
  '/usr/sbin/auditctl -v': 'auditctl version 3.0.9\n',
  '/usr/sbin/audispd': checkReport(CHECKED),
  '/usr/sbin/audispd-': '',
  '/usr/bin/stat -f': '4096 2000000 1000000 500000 400000\n',
  '/usr/bin/stat -L': '/\n',
  '/usr/bin/tail': `type=USER msg=audit(${NOW_MS / 1000 - 60}:7): pid=1\n`,
  '/usr/bin/systemctl show': UNIT,
  '/usr/bin/timedatectl': 'yes\n',
  '/usr/bin/env': '',
}

/** Looks at the machine with one check, or with all of them. */
export async function findings(checks: readonly Check[], illness: Illness = {}): Promise<(Finding & { id: string })[]> {
  const survey = patient(illness)
  const all = await Promise.all(checks.map(async ({ id, run }) => (await run(survey)).map((one) => ({ id, ...one }))))
  return all.flat()
}

/** One fault, and the complaint about it. */
export type Case = readonly [name: string, illness: Illness, complaint: RegExp]

/** Each fault is named, by these checks alone, and without it they are quiet. */
export async function eachIsNamed(t: Test, checks: readonly Check[], cases: readonly Case[]): Promise<void> {
  t.same(await complaints(checks), [], 'well')
  for (const [name, illness, complaint] of cases) {
    const said = await complaints(checks, illness)
    t.match(said, [complaint], name)
    t.equal(said.length, 1, `${name}: ${said.join('; ')}`)
  }
}

/** What is wrong, as `level id: what -> mend`. */
export async function complaints(checks: readonly Check[], illness: Illness = {}): Promise<string[]> {
  const all = await findings(checks, illness)
  return all
    .filter(({ level }) => level === 'warn' || level === 'fail')
    .map(({ level, id, what, mend }) => `${level} ${id}: ${what} -> ${mend}`)
}

export function patient({ files = {}, programs = {}, status = {}, answer, pending = [], world = {} }: Illness): Survey {
  return surveyOf({
    files: inMemory({ ...FILES, ...files }),
    uid: 0,
    node: '/usr/bin/node',
    nodeVersion: '20.19.0',
    asked: { configDir: undefined, socket: undefined, launcher: LAUNCHER },
    nowMs: () => NOW_MS,
    run: (program, args) => Promise.resolve(ranOf({ ...PROGRAMS, ...programs }, [program, ...args].join(' '))),
    ask: () =>
      Promise.resolve(
        answer ?? {
          kind: 'status',
          status: { ...HEALTHY, ...status },
          pending: { at: HEALTHY.now, ok: true, changes: pending, problems: [] },
        },
      ),
    isAlive: () => Promise.resolve(true),
    close: () => {},
    ...world,
  })
}

function ranOf(programs: Readonly<Record<string, Ran | string | null>>, line: string): Ran {
  const [key] = Object.keys(programs)
    .filter((each) => line.startsWith(each))
    .sort((a, b) => b.length - a.length)
  const found = key === undefined ? null : (programs[key] ?? null)
  if (found === null) return { kind: 'absent' }
  return typeof found === 'string' ? { kind: 'ended', status: 0, out: found, err: '' } : found
}

export function failing(err: string, status = 1): Ran {
  return { kind: 'ended', status, out: '', err }
}

/** What `audispd --check --json` prints. */
export function checkReport(dropIns: readonly object[], problems: readonly object[] = []): string {
  return JSON.stringify({ ok: true, settings: { problems }, dropIns })
}

export function dropIn(name: string, path: string, args: readonly string[], more: object = {}): object {
  const file = `/etc/audispd/audispd.d/${name}.conf`
  return { name, file, state: 'active', problems: [], format: 'string', path, args, ...more }
}

export const HEALTHY: DaemonStatus = {
  ...STATUS,
  version: version(),
  pid: 800,
  input: { ...STATUS.input, format: 'text' },
  plugins: [{ ...PLUGIN, name: 'mine', pid: 801 }],
}

/** A status.json of remote-send, with one stream. */
export function remoteStatus(stream: object, program: object = {}): string {
  const none = { entries: 0, records: 0 }
  return JSON.stringify({
    version: 1,
    program: 'remote-send',
    pid: 900,
    startedMs: NOW_MS - 3_600_000,
    writtenMs: NOW_MS - 5000,
    state: 'running',
    protocol: 'native',
    promise: 'on disk',
    disk: 'ok',
    dir: STREAM_DIR,
    bytes: 1000,
    certificate: null,
    handOver: null,
    refused: [],
    streams: [
      {
        principal: 'audit://site/collector',
        stream: 'abcdef',
        state: 'up',
        sinceMs: NOW_MS - 1_800_000,
        address: '192.0.2.1:6514',
        last: 9,
        durable: 9,
        acked: 9,
        lagRecords: 0,
        lagMs: 0,
        holes: none,
        losses: none,
        repeats: 0,
        maybeRepeats: 0,
        forks: 0,
        certificate: null,
        lastError: '',
        ...stream,
      },
    ],
    more: 0,
    ...program,
  })
}

function inMemory(given: Readonly<Record<string, File | string | null>>): FilePort {
  const files = new Map<string, File>()
  for (const [path, file] of Object.entries(given)) {
    if (file !== null) files.set(path, typeof file === 'string' ? { text: file } : file)
  }
  const isDirectory = (path: string): boolean =>
    path === '/' || [...files.keys()].some((key) => key.startsWith(`${path}/`))
  const statOf = (path: string): Promise<Stats> => {
    const file = files.get(path)
    if (file !== undefined) return Promise.resolve(stats({ mode: REGULAR, uid: 0, ...file }))
    return isDirectory(path) ? Promise.resolve(stats({ mode: DIRECTORY, uid: 0 })) : Promise.reject(noEntry(path))
  }
  const never = (): Promise<never> => Promise.reject(new Error('doctor changes nothing'))
  return {
    access: never,
    open: never,
    rename: never,
    unlink: never,
    lstat: statOf,
    stat: statOf,
    readlink: (path) => Promise.reject(noEntry(path)),
    readFile: (path) => {
      const file = files.get(path)
      return file === undefined
        ? Promise.reject(noEntry(path))
        : Promise.resolve(Buffer.from(file.text ?? '', 'latin1'))
    },
    readdir: (path) => {
      const names = [...files.keys()]
        .filter((key) => key.startsWith(`${path}/`))
        .map((key) => key.slice(path.length + 1).split('/')[0] ?? '')
      return names.length === 0 ? Promise.reject(noEntry(path)) : Promise.resolve([...new Set(names)])
    },
  }
}

function stats({ mode, uid, text = '' }: File & { readonly mode: number; readonly uid: number }): Stats {
  return Object.assign(lstatSync('/'), { mode, uid, gid: 0, size: text.length })
}

function noEntry(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' })
}
