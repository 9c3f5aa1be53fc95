// The daemon's own diagnostics, and the only home of pino. One line an event: what failed, why, what happens next, then the
// variables as name=value. Nothing here may hold the daemon up: when nobody reads the log, lines are dropped and counted.

import { spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { pino, type DestinationStream, type Logger } from 'pino'
import { harmlessText } from './protocol/harmless-text.js'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>
export type LogTarget =
  | { readonly to: 'auto' }
  | { readonly to: 'stderr' }
  | { readonly to: 'syslog' }
  | { readonly to: 'file'; readonly path: string }

export interface OpenLog {
  readonly log: Log
  /** Where it goes, as audispd.conf has it. */
  readonly target: string
  /** Lines that were dropped so far, because nobody read them. */
  droppedLines(): number
  /** A file is opened anew, after it has been rotated. */
  reopen(): void
  /** Writes out what is still held, then lets go. */
  close(): Promise<void>
}

const STDERR = 2
const MAX_HELD_BYTES = 64 * 1024
export const LOGGER = '/usr/bin/logger'
const NULL_DEVICE = 0x103
const FILE_MODE = 0o640
const LAST_WORDS_MS = 1000

interface Sink {
  readonly target: string
  dropped(): number
  write(line: string): void
  reopen(): void
  close(): Promise<void>
}

/** `hear` gets each line too, as JSON and before it is known whether anybody reads the log. */
export function openLog(
  target: LogTarget,
  level: 'debug' | 'info' | 'warn' | 'error',
  hear: (json: string) => void = () => {},
): OpenLog {
  const sink = openSink(target)
  const destination: DestinationStream = {
    write: (json) => {
      hear(json)
      sink.write(json)
    },
  }
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  const droppedLines = (): number => sink.dropped()
  return { log, target: sink.target, droppedLines, reopen: () => sink.reopen(), close: () => sink.close() }
}

/** The last words before an end: to stderr, or to syslog where stderr leads nowhere. Waits until they are out. */
export function sayLast(text: string): void {
  if (stderrIsNull()) {
    spawnSync(LOGGER, ['--tag', 'audispd', '--priority', 'daemon.err'], {
      input: text,
      env: {},
      timeout: LAST_WORDS_MS,
    })
    return
  }
  try {
    writeSync(STDERR, `${text}\n`)
  } catch {
    // EAGAIN, EPIPE: nobody reads.
  }
}

function openSink(target: LogTarget): Sink {
  switch (target.to) {
    case 'auto':
      return stderrIsNull() ? syslogSink() : stderrSink()
    case 'stderr':
      return stderrSink()
    case 'syslog':
      return syslogSink()
    case 'file':
      return fileSink(target.path)
    default:
      return target satisfies never
  }
}

/** Nobody reads what is written there. */
export function stderrIsNull(): boolean {
  try {
    const stat = fstatSync(STDERR)
    return stat.isCharacterDevice() && stat.rdev === NULL_DEVICE
  } catch {
    // EBADF: there is no stderr at all.
    return true
  }
}

function stderrSink(): Sink {
  return sonicSink(stderrWithoutWaiting())
}

/**
 * A pipe that nobody reads would hold a write, and with it the end of the process: so it is opened anew, not to wait. The
 * description that was passed on stays as it is, because it is shared.
 */
function stderrWithoutWaiting(): number {
  try {
    if (!fstatSync(STDERR).isFIFO()) return STDERR
    return openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // ENXIO: its reader has gone. EACCES: it is somebody else's.
    return STDERR
  }
}

/** A log that cannot be written must not keep the daemon from its work: it goes where it goes by default, and says so. */
function fileSink(path: string): Sink {
  try {
    closeSync(openSync(path, 'a', FILE_MODE))
    return sonicSink(path)
  } catch (error) {
    const sink = openSink({ to: 'auto' })
    const msg = `log = file:${path} cannot be written; logging here instead`
    sink.write(JSON.stringify({ level: 50, time: new Date().toISOString(), msg, error: String(error) }))
    return sink
  }
}

function sonicSink(to: number | string): Sink {
  let isTheEnd = false
  const file = pino.destination({
    dest: to,
    sync: false,
    maxLength: MAX_HELD_BYTES,
    append: true,
    mode: FILE_MODE,
    retryEAGAIN: () => !isTheEnd,
  })
  let state: 'opening' | 'open' | 'failing' = typeof to === 'string' ? 'opening' : 'open'
  file.on('ready', () => (state = 'open'))
  file.on('write', () => (state = 'open'))
  file.on('error', () => (state = 'failing'))
  const flushSync = file.flushSync.bind(file)
  // Called when the process exits. The stream's own throws before the file is open, which takes the place of what the process has
  // to say and of its exit status; and it writes what cannot be written again and again.
  file.flushSync = () => {
    isTheEnd = true
    try {
      if (state === 'open') flushSync()
    } catch {
      // EAGAIN: nobody reads.
    }
  }
  let dropped = 0
  let told = 0
  let isClosed = false
  file.on('drop', () => dropped++)
  // EPIPE, ENOSPC and the like: the log is gone, the records are not.
  file.on('error', () => dropped++)
  return {
    target: typeof to === 'string' ? `file:${to}` : 'stderr',
    dropped: () => dropped,
    write: (json) => {
      if (isClosed) return
      const before = dropped
      if (before > told) {
        file.write(`${new Date().toISOString()} warn log lines dropped: nobody read them lines=${before - told}\n`)
        // That was dropped as well: there is no room for this line either, and it is the one that counts.
        if (dropped > before) return
        told = before
      }
      file.write(renderLine(json, true))
    },
    reopen: () => {
      if (typeof to === 'string' && !isClosed) file.reopen()
    },
    close: () =>
      new Promise((resolve) => {
        isClosed = true
        // A log that nobody reads must not keep the daemon from ending; if it were not destroyed, it would be waited for.
        const timer = setTimeout(() => {
          file.destroy()
          resolve()
        }, LAST_WORDS_MS)
        file.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
        file.end()
      }),
  }
}

/** Through util-linux' logger, as Node has no datagram socket for /dev/log. */
function syslogSink(): Sink {
  const child = spawn(LOGGER, ['--prio-prefix', '--tag', 'audispd', '--id=' + String(process.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    cwd: '/',
    detached: true,
  })
  let dropped = 0
  let told = 0
  // ENOENT, EPIPE: no logger or no syslog; there is nowhere left to say it.
  child.on('error', () => dropped++)
  child.stdin.on('error', () => dropped++)
  child.unref()
  if (child.stdin instanceof Writable && 'unref' in child.stdin && typeof child.stdin.unref === 'function') {
    child.stdin.unref()
  }
  return {
    target: 'syslog',
    dropped: () => dropped,
    write: (json) => {
      if (child.stdin.writableLength > MAX_HELD_BYTES) {
        dropped++
        return
      }
      if (dropped > told) child.stdin.write(`<28>log lines dropped: nobody read them lines=${dropped - told}\n`)
      told = dropped
      child.stdin.write(`<${syslogPriority(json)}>${renderLine(json, false)}`)
    },
    reopen: () => {},
    close: () =>
      new Promise((resolve) => {
        setTimeout(resolve, LAST_WORDS_MS)
        child.stdin.end(resolve)
      }),
  }
}

const FACILITY_DAEMON = 3 << 3
const PINO_LEVELS: readonly (readonly [number, string, number])[] = [
  [60, 'fatal', 2],
  [50, 'error', 3],
  [40, 'warn', 4],
  [30, 'info', 6],
  [0, 'debug', 7],
]

function levelOf(level: unknown): readonly [number, string, number] {
  const number = typeof level === 'number' ? level : 30
  return PINO_LEVELS.find(([least]) => number >= least) ?? [0, 'debug', 7]
}

function syslogPriority(json: string): number {
  const fields: unknown = JSON.parse(json)
  const level = typeof fields === 'object' && fields !== null && 'level' in fields ? fields.level : 30
  return FACILITY_DAEMON | levelOf(level)[2]
}

/** pino's JSON as a line for people and grep: `time level message name=value …`; what is not plain text stands quoted. */
export function renderLine(json: string, withTime: boolean): string {
  const parsed: unknown = JSON.parse(json)
  if (typeof parsed !== 'object' || parsed === null) return `${json}\n`
  const { time, level, msg, ...fields } = { time: '', level: 30, msg: '', ...parsed }
  const head = withTime ? `${time} ${levelOf(level)[1]} ` : ''
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(value)}`)
  return `${head}${harmlessText(msg, Infinity)}${pairs.join('')}\n`
}

function plain(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@%+,-]+$/.test(value)) return value
  return harmlessText(JSON.stringify(value) ?? 'undefined', Infinity)
}
