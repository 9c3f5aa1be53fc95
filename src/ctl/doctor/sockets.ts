// Sockets and the run directory. Nobody is connected to: a socket has one client, or counts them, and this is none.
import { basename } from 'node:path'
import { statusSocketBeside } from '../../control/control-place.js'
import { listeningIn, SOCKET_TABLE } from '../../socket-listener.js'
import { systemCode } from '../ctl-error.js'
import type { FilePort } from '../host.js'
import { fail, ok, quoted, skip, warn, type Check, type Finding } from './check.js'
import { isThere, textOf } from './looking.js'
import type { Survey } from './survey.js'

const RUN_DIR = '/run/audispd'
const PERMISSIONS = 0o777
const CONTROL_MODE = 0o600
const STATUS_MODE = 0o660
const OTHERS_WRITE = 0o022
const AF_UNIX_PATH = '/var/run/audispd_events'
const AF_UNIX_MODE = 0o640
const ROOT = 0

export const SOCKET_CHECKS: readonly Check[] = [
  { id: 'sockets.run-dir', layer: 'sockets', run: runDir },
  { id: 'sockets.control', layer: 'sockets', run: control },
  { id: 'sockets.status', layer: 'sockets', run: statusSocketCheck },
  { id: 'sockets.af-unix', layer: 'sockets', run: afUnix },
]

interface Rights {
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly isSocket: boolean
}

async function rightsOf(files: FilePort, path: string): Promise<Rights | undefined> {
  try {
    const found = await files.stat(path)
    return { uid: found.uid, gid: found.gid, mode: found.mode & PERMISSIONS, isSocket: found.isSocket() }
  } catch (error) {
    // ENOENT, EACCES: it is not there, or not for us to see.
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

/** Whoever may write it can make audispd end other processes, and take the place of its sockets. */
async function runDir({ world }: Survey): Promise<readonly Finding[]> {
  const rights = await rightsOf(world.files, RUN_DIR)
  if (rights === undefined) return []
  if (rights.uid !== ROOT) {
    return [
      fail(`${RUN_DIR} belongs to user ${rights.uid}: audispd does not start with it`, `chown root:root ${RUN_DIR}`),
    ]
  }
  if ((rights.mode & OTHERS_WRITE) !== 0) {
    return [fail(`others than root may write ${RUN_DIR}: audispd does not start with it`, `chmod go-w ${RUN_DIR}`)]
  }
  return [ok(RUN_DIR)]
}

async function control({ world, configuration, daemon }: Survey): Promise<readonly Finding[]> {
  const { socket } = await configuration()
  const rights = await rightsOf(world.files, socket)
  const answer = await daemon()
  if (rights === undefined) {
    if (answer.kind === 'error' && answer.code === 'not-running') return [skip(`${socket} is not there`)]
    return []
  }
  const name = quoted(socket)
  if (!rights.isSocket)
    return [
      fail(`${socket} is no socket: audispd cannot listen there`, `mv ${name} ${name}.old && service auditd restart`),
    ]
  const wrong: Finding[] = []
  if (rights.uid !== ROOT && world.uid === ROOT) {
    wrong.push(
      fail(`${socket} belongs to user ${rights.uid}: who may command audispd is root`, `chown root:root ${name}`),
    )
  }
  if ((rights.mode & ~CONTROL_MODE) !== 0) {
    wrong.push(
      fail(
        `${socket} has mode 0${rights.mode.toString(8)}: others than root may command audispd`,
        `chmod 0600 ${name}`,
      ),
    )
  }
  if (answer.kind === 'error' && answer.code === 'not-running') {
    const what = `${socket} is stale: nobody listens on it`
    // A start replaces it.
    wrong.push(warn(what, `rm ${name}`))
  }
  return wrong.length > 0 ? wrong : [ok(socket)]
}

async function statusSocketCheck({ world, configuration, daemon }: Survey): Promise<readonly Finding[]> {
  const { settings, socket } = await configuration()
  if (settings.controlGroup === '' || (await daemon()).kind !== 'status') return []
  const path = statusSocketBeside(socket)
  const rights = await rightsOf(world.files, path)
  const group = settings.controlGroup
  if (rights === undefined) {
    return [warn(`control_group = ${group}, and there is no ${path} for it`, 'audispctl reload')]
  }
  if ((rights.mode & ~STATUS_MODE) === 0) return [ok(path)]
  return [
    fail(
      `${path} has mode 0${rights.mode.toString(8)}: more than ${group} may read the status`,
      `chmod 0660 ${quoted(path)}`,
    ),
  ]
}

/** The sockets of audispd-af-unix, where other programs get their records. */
async function afUnix({ world, configuration }: Survey): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const { kind, name, args } of (await configuration()).shipped) {
    if (kind !== 'af-unix') continue
    const path = args.find((arg) => arg.startsWith('/')) ?? AF_UNIX_PATH
    const mode = Number.parseInt(args.find((arg) => /^0[0-7]{1,4}$/.test(arg)) ?? AF_UNIX_MODE.toString(8), 8)
    found.push(...(await afUnixSocket(world.files, name, path, mode)))
  }
  return found
}

async function afUnixSocket(files: FilePort, name: string, path: string, mode: number): Promise<readonly Finding[]> {
  const restart = `audispctl restart ${quoted(name)}`
  if (!(await isThere(files, path))) return [fail(`${name}: there is no socket ${path}`, restart)]
  const listeners = await listenersIn(files)
  if (listeners !== undefined && !listeners.has(path) && !listeners.has(path.replace(/^\/var\/run\//, '/run/'))) {
    return [fail(`${name}: ${path} is there, and nobody listens on it`, restart)]
  }
  const rights = await rightsOf(files, path)
  if (rights !== undefined && (rights.mode & ~mode) !== 0) {
    const wanted = `0${mode.toString(8)}`
    const what = `${name}: ${path} has mode 0${rights.mode.toString(8)}, and its arguments say ${wanted}`
    return [fail(what, `chmod ${wanted} ${quoted(path)}`)]
  }
  return [ok(basename(path))]
}

async function listenersIn(files: FilePort): Promise<ReadonlySet<string> | undefined> {
  const table = await textOf(files, SOCKET_TABLE)
  return table === undefined ? undefined : new Set(listeningIn(table).map(({ path }) => path))
}
