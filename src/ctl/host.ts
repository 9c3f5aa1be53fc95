import { execFile } from 'node:child_process'
import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { systemCode } from './ctl-error.js'

const RUN_TIMEOUT_MS = 5000
const RUN_MAX_BYTES = 65_536
const CTRL_C = '\x03'
const DEADLY_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Where a terminal does not tell, as on a serial line. */
const USUAL_SIZE = { columns: 80, rows: 24 } as const

/** A file being written. */
export interface OpenFile {
  writeFile(bytes: Buffer): Promise<void>
  stat(): Promise<Pick<Stats, 'uid' | 'gid'>>
  chown(uid: number, gid: number): Promise<void>
  chmod(mode: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The file system calls that the verbs make. */
export interface FilePort {
  access(path: string, mode: number): Promise<void>
  lstat(path: string): Promise<Stats>
  open(path: string, flags: 'r' | 'wx', mode?: number): Promise<OpenFile>
  readFile(path: string): Promise<Buffer>
  readdir(path: string): Promise<string[]>
  readlink(path: string): Promise<string>
  rename(from: string, to: string): Promise<void>
  stat(path: string): Promise<Stats>
  unlink(path: string): Promise<void>
}

/** The terminal that standard output is. */
export interface Terminal {
  readonly size: () => { readonly columns: number; readonly rows: number }
  /**
   * Takes each key as it is pressed, unseen, until the function that comes back is called. Ctrl-C, and a signal that would end the
   * program, come as the key \x03: whoever draws on a terminal has something to put back first.
   */
  readonly onKey: (listener: (key: string) => void) => () => void
}

/** Everything outside this program that a verb touches. */
export interface Host {
  readonly files: FilePort
  readonly uid: number
  readonly gid: number
  /** The program that runs this one. */
  readonly node: string
  /** Standard output of a program that ran well within a few seconds, else undefined. */
  readonly run: (program: string, args: readonly string[]) => Promise<string | undefined>
  readonly kill: (pid: number, signal: 'SIGHUP') => void
  readonly out: (bytes: Buffer | string) => void
  /** Until what was put out is on its way, for those who have much of it; false when nobody reads it any more. */
  readonly drained: () => Promise<boolean>
  readonly warn: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined when standard output is none. */
  readonly terminal: Terminal | undefined
  /** Asks a yes-or-no question on the terminal; undefined when there is no terminal. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
}

const REAL_TERMINAL: Terminal = { size, onKey }

export function realHost(): Host {
  return {
    files: fs,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    node: process.execPath,
    run,
    kill: (pid, signal) => process.kill(pid, signal),
    ...standardOutput(),
    warn: (text) => process.stderr.write(text),
    env: process.env,
    terminal: process.stdout.isTTY ? REAL_TERMINAL : undefined,
    ask: process.stdin.isTTY && process.stdout.isTTY ? askTerminal : undefined,
  }
}

function run(program: string, args: readonly string[]): Promise<string | undefined> {
  const options = { env: {}, timeout: RUN_TIMEOUT_MS, maxBuffer: RUN_MAX_BYTES, encoding: 'utf8' } as const
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout) => resolve(error === null ? stdout : undefined))
  })
}

/** A reader that leaves early, such as head(1), is no bug of ours; but whoever goes on and on has to be told. */
function standardOutput(): Pick<Host, 'out' | 'drained'> {
  const { stdout } = process
  // Node never takes standard output for destroyed: that it is read no more has to be remembered.
  let isLeft = false
  stdout.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') throw error
    isLeft = true
  })
  const drained = async (): Promise<boolean> => {
    if (isLeft || !stdout.writableNeedDrain) return !isLeft
    return new Promise((resolve) => {
      const end = (): void => {
        stdout.off('drain', end).off('error', end)
        resolve(!isLeft)
      }
      stdout.on('drain', end).on('error', end)
    })
  }
  return { out: (bytes) => stdout.write(bytes), drained }
}

async function askTerminal(question: string): Promise<boolean> {
  // The terminal's own line editing will do, and the prompt stays free of escape sequences.
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false })
  const answered = lines.question(question)
  // The end of input closes the interface and leaves the question unanswered for ever: it means no.
  const closed = new Promise<string>((resolve) => {
    lines.once('close', () => resolve(''))
  })
  const answer = await Promise.race([answered, closed])
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}

function size(): { columns: number; rows: number } {
  const { columns, rows } = process.stdout
  // A terminal of no size is one that does not know.
  return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows }
}

function onKey(listener: (key: string) => void): () => void {
  const { stdin } = process
  const onText = (text: string): void => listener(text)
  const onSignal = (): void => listener(CTRL_C)
  if (stdin.isTTY) stdin.setRawMode(true).setEncoding('utf8').on('data', onText).resume()
  for (const signal of DEADLY_SIGNALS) process.on(signal, onSignal)
  return () => {
    if (stdin.isTTY) stdin.off('data', onText).setRawMode(false).pause()
    for (const signal of DEADLY_SIGNALS) process.off(signal, onSignal)
  }
}
