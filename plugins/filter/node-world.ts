// The processes that the filter starts: in a group of their own, so that whatever they start can be ended with them, without
// a shell, with an empty environment and in `/`.

import { spawn, type ChildProcess as NodeProcess, type SpawnOptions } from 'node:child_process'
import { closeSync } from 'node:fs'
import { errorCode } from '../../src/config/error-code.js'
import type { ChildProcess, Exit } from './child-feed.js'
import type { Command } from './config.js'
import type { JobProcess, StartJob } from './job-runner.js'

const ENV = '/usr/bin/env'
/** As auditd's plugins find them: a HUP that a program does not know would end it. */
const IGNORED_SIGNALS = '--ignore-signal=HUP,INT,PIPE,USR1,USR2'
const STDERR = 2

/** Starts the child as auditd starts a plugin. What it prints goes where we say what we have to say. */
export function startChild(
  { program, args }: Command,
  stdin: number,
  onExit: (exit: Exit) => void,
): ChildProcess | undefined {
  const child = started(ENV, [IGNORED_SIGNALS, '--', program, ...args], [stdin, STDERR, STDERR], () => {
    onExit({ code: undefined, signal: undefined })
  })
  child?.on('exit', (code, signal) => {
    onExit({ code: code ?? undefined, signal: signal ?? undefined })
  })
  const pid = child?.pid
  if (pid === undefined) return undefined
  return {
    pid,
    signal: (name) => {
      kill(-pid, name)
    },
    relay: (name) => {
      kill(pid, name)
    },
  }
}

/** Starts a program, writes it its input, and throws away what it prints. */
export const startJob: StartJob = ({ program, args }, input, onExit): JobProcess => {
  const child = started(program, args, ['pipe', 'ignore', STDERR], (error) => {
    onExit({ code: undefined, signal: undefined, error: error.message })
  })
  child?.on('exit', (code, signal) => {
    onExit({ code: code ?? undefined, signal: signal ?? undefined, error: undefined })
  })
  // EPIPE: it does not want to read all of it.
  child?.stdin?.on('error', () => {})
  child?.stdin?.end(input)
  const pid = child?.pid
  return {
    kill: () => {
      if (pid !== undefined) kill(-pid, 'SIGKILL')
    },
  }
}

export function closeEnd(fd: number): void {
  closeSync(fd)
}

/** Without a process there is no exit, only `onError`, and later: Node tells ENOENT so, and throws ENOTDIR and others. */
function started(
  program: string,
  args: readonly string[],
  stdio: NonNullable<SpawnOptions['stdio']>,
  onError: (error: Error) => void,
): NodeProcess | undefined {
  try {
    const child = spawn(program, args, { stdio, env: {}, cwd: '/', detached: true })
    child.on('error', (error) => {
      if (child.pid === undefined) onError(error)
    })
    return child
  } catch (error) {
    if (!(error instanceof Error) || errorCode(error) === '') throw error
    setImmediate(onError, error)
    return undefined
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // ESRCH: it has gone already.
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
