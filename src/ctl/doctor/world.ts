import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { connectControl } from '../../control/control-client.js'
import { ControlError, type ControlErrorCode } from '../../control/control-error.js'
import {
  readDaemonStatus,
  readReloadStatus,
  type DaemonStatus,
  type ReloadStatus,
} from '../../control/daemon-status.js'
import { isAlive } from '../../remote/alive.js'
import type { ProgramStatus } from '../../remote/status.js'
import { statusSocketBeside } from '../../control/control-place.js'
import { systemCode } from '../ctl-error.js'
import type { Host } from '../host.js'
import { guardedFiles } from './guarded-files.js'

/** A healthy program answers at once, and a healthy daemon, also on a machine that has a lot to do. */
const PATIENCE = { runMs: 3000, controlMs: 4000 } as const
/** Node takes a while to start. */
export const NODE_TIMEOUT_MS = 10_000
export const STAT = '/usr/bin/stat'
const MAX_OUTPUT_BYTES = 2 * 1024 * 1024

interface Patience {
  readonly runMs: number
  readonly controlMs: number
}

/** What became of a program. */
export type Ran =
  | { readonly kind: 'ended'; readonly status: number; readonly out: string; readonly err: string }
  /** There is no such program, or it may not be run. */
  | { readonly kind: 'absent' }
  /** It did not end in time, and was left behind. */
  | { readonly kind: 'late' }

export type DaemonAnswer =
  | {
      readonly kind: 'status'
      readonly status: DaemonStatus
      /** What a reload would do; undefined for those who may see the status alone. */
      readonly pending: ReloadStatus | undefined
    }
  | { readonly kind: 'error'; readonly code: ControlErrorCode; readonly message: string }

/** What doctor was asked to look at. */
export interface Asked {
  /** As given; undefined: what auditd passes on, else the usual one. */
  readonly configDir: string | undefined
  readonly socket: string | undefined
  /** The launcher of the audispd that came with this audispctl. */
  readonly launcher: string
}

/**
 * Everything that doctor sees, and it changes nothing of it. What may hang for good, such as a path on a file system whose server is
 * gone, is for a program to look at: a call of our own would never come back, and this process could not even end.
 */
export interface World extends Pick<Host, 'files' | 'uid' | 'node'> {
  readonly asked: Asked
  readonly nodeVersion: string
  readonly nowMs: () => number
  readonly run: (program: string, args: readonly string[], timeoutMs?: number) => Promise<Ran>
  readonly ask: (socket: string) => Promise<DaemonAnswer>
  /** Whether the program that wrote this status still runs. */
  readonly isAlive: (status: ProgramStatus) => Promise<boolean>
  /** What still runs is left behind, and nothing is started any more. */
  readonly close: () => void
}

export function realWorld(host: Host, asked: Asked, patience: Patience = PATIENCE): World {
  const { files, uid, node } = host
  const programs = new Programs(patience.runMs)
  const run: World['run'] = (program, args, timeoutMs) => programs.run(program, args, timeoutMs)
  return {
    files: guardedFiles(files, async (dir) => (await run(STAT, ['-f', '--', ...withParents(dir)])).kind !== 'late'),
    uid,
    node,
    asked,
    nodeVersion: process.versions.node,
    nowMs: Date.now,
    run,
    ask: (socket) => ask(socket, patience.controlMs),
    isAlive,
    close: () => programs.close(),
  }
}

/** A directory and all above it: of those that are there, the first is the nearest. */
export function withParents(dir: string): string[] {
  return dir === '/' || dir === '.' ? ['/'] : [dir, ...withParents(dirname(dir))]
}

class Programs {
  readonly #timeoutMs: number
  /** What hung once is not waited for again. */
  readonly #hung = new Set<string>()
  readonly #leave = new Set<() => void>()
  #isClosed = false

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  run(program: string, args: readonly string[], timeoutMs = this.#timeoutMs): Promise<Ran> {
    if (this.#isClosed || this.#hung.has(program)) return Promise.resolve({ kind: 'late' })
    return new Promise((resolve) => {
      const child = started(program, args)
      if (child === undefined) return resolve({ kind: 'absent' })
      const { stdout, stderr } = child
      const out: Buffer[] = []
      const err: Buffer[] = []
      const leave = (): void => {
        // Killed, but perhaps not dead: what waits for a dead server dies when that answers, and nobody waits for it here.
        child.kill('SIGKILL')
        stdout.destroy()
        stderr.destroy()
        child.unref()
        this.#hung.add(program)
        settle({ kind: 'late' })
      }
      const timer = setTimeout(leave, timeoutMs)
      const settle = (ran: Ran): void => {
        clearTimeout(timer)
        this.#leave.delete(leave)
        resolve(ran)
      }
      this.#leave.add(leave)
      keepUpTo(MAX_OUTPUT_BYTES, stdout, out)
      keepUpTo(MAX_OUTPUT_BYTES, stderr, err)
      child.on('error', () => settle({ kind: 'absent' }))
      child.on('close', (code) => {
        settle({ kind: 'ended', status: code ?? -1, out: textOf(out), err: textOf(err) })
      })
    })
  }

  close(): void {
    this.#isClosed = true
    for (const leave of this.#leave) leave()
  }
}

/** Undefined where there is nothing to start: a path that somebody wrote down may have a NUL, or be too long. */
function started(program: string, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> | undefined {
  try {
    return spawn(program, args, { env: { LC_ALL: 'C' }, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    // ERR_INVALID_ARG_VALUE, E2BIG.
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString()
}

/** What goes beyond is read and let go, so that the program can end. */
function keepUpTo(maxBytes: number, stream: NodeJS.ReadableStream, kept: Buffer[]): void {
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxBytes) kept.push(chunk)
    bytes += chunk.length
  })
}

async function ask(socket: string, timeoutMs: number): Promise<DaemonAnswer> {
  const answer = await askAt(socket, timeoutMs)
  const mayNot = answer.kind === 'error' && answer.code === 'not-permitted'
  return mayNot ? askAt(statusSocketBeside(socket), timeoutMs) : answer
}

async function askAt(socket: string, timeoutMs: number): Promise<DaemonAnswer> {
  try {
    const client = await connectControl(socket, { timeoutMs })
    try {
      const status = readDaemonStatus(await client.ask(['status']))
      return { kind: 'status', status, pending: await pendingReload(client) }
    } finally {
      client.close()
    }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    return { kind: 'error', code: error.code, message: error.message }
  }
}

async function pendingReload(client: Awaited<ReturnType<typeof connectControl>>): Promise<ReloadStatus | undefined> {
  if (client.greeting.access !== 'all') return undefined
  try {
    return readReloadStatus(await client.ask(['reload', 'dry-run']))
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    // It cannot say, as while it ends; its status says that.
    return undefined
  }
}
