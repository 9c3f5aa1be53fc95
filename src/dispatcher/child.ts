// Starts a plugin's process in the surroundings that auditd gives its own plugins, which third-party plugins count on: an
// environment that is empty but for what the drop-in adds, cwd /, HUP, INT, PIPE, USR1 and USR2 ignored. Node's spawn
// resets signals to their defaults, and a HUP would then kill a plugin that handles none, so the program is started
// through env(1), which becomes it under the same pid.

import { execa } from 'execa'
import type { Owner } from './owner.js'

const ENV = '/usr/bin/env'
const IGNORED_SIGNALS = '--ignore-signal=HUP,INT,PIPE,USR1,USR2'

export interface Program {
  readonly path: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly owner: Owner | undefined
}

export interface Exit {
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
  /** Set when no process came to be. */
  readonly error: string | undefined
}

export interface Child {
  /** Undefined when no process came to be; `onExit` then tells why. */
  readonly pid: number | undefined
}

/** As a person reads it. */
export function describeExit(exit: Exit): string {
  if (exit.signal !== undefined) return `signal ${exit.signal}`
  return `exit status ${exit.code ?? 'unknown'}`
}

/** `stdin`, `stdout`, `stderr`: descriptors that the process gets; the caller closes its own ends. */
export function startChild(
  program: Program,
  stdio: { readonly stdin: number; readonly stdout: number; readonly stderr: number },
  onExit: (exit: Exit) => void,
): Child {
  const owner = program.owner === undefined ? {} : { uid: program.owner.uid, gid: program.owner.gid }
  const child = execa(ENV, [IGNORED_SIGNALS, '--', program.path, ...program.args], {
    ...owner,
    stdin: descriptor(stdio.stdin),
    stdout: descriptor(stdio.stdout),
    stderr: descriptor(stdio.stderr),
    env: { ...program.env },
    extendEnv: false,
    cwd: '/',
    // Its own process group, so that whatever it starts can be ended with it.
    detached: true,
    // The dispatcher ends its plugins itself, and their input ends with it in any case.
    cleanup: false,
    buffer: false,
    reject: false,
  })
  // 'exit' and not the promise: that one waits until every grandchild has closed the output too.
  child.once('exit', (code, signal) => {
    onExit({ code: code ?? undefined, signal: signal ?? undefined, error: undefined })
  })
  // Without a process there are no events to rely on, only the promise.
  if (child.pid === undefined) {
    void tellWhy(child, onExit)
  }
  return { pid: child.pid }
}

/** execa passes any descriptor on, but its types know only those below ten. */
function descriptor(fd: number): 3 {
  if (!isPassable(fd)) throw new Error(`${fd} is no file descriptor`)
  return fd
}

function isPassable(fd: number): fd is 3 {
  return Number.isInteger(fd) && fd >= 0
}

async function tellWhy(
  child: PromiseLike<{ shortMessage?: string | undefined }>,
  onExit: (exit: Exit) => void,
): Promise<void> {
  const { shortMessage = 'it could not be started' } = await child
  onExit({ code: undefined, signal: undefined, error: shortMessage })
}
