// Starts programs. A plugin gets the surroundings that auditd gives its own plugins, which third-party plugins count on: an
// environment that is empty but for what the drop-in adds, cwd /, HUP, INT, PIPE, USR1 and USR2 ignored. Node's spawn
// resets signals to their defaults, and a HUP would then kill a plugin that handles none, so the program is started
// through env(1), which becomes it under the same pid. An action's program is started as it is, with nothing at all.
//
// Arguments reach the program as the bytes of their UTF-8. Node's spawn knows them only as text: bytes that are not UTF-8
// cannot be passed on, so whoever takes arguments from somebody else has to refuse those.

import type { Readable } from 'node:stream'
import { execa, type Options } from 'execa'
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

export interface BareChild extends Child {
  readonly stderr: Readable
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
  const child = execa(ENV, [IGNORED_SIGNALS, '--', program.path, ...program.args], {
    ...surroundings(program),
    stdin: descriptor(stdio.stdin),
    stdout: descriptor(stdio.stdout),
    stderr: descriptor(stdio.stderr),
  })
  follow(child, 'shortMessage', onExit)
  return { pid: child.pid }
}

/** Starts a program without input and output; the caller reads its stderr. Every signal does what it does by default. */
export function startBare(program: Program, onExit: (exit: Exit) => void): BareChild {
  const child = execa(program.path, program.args, {
    ...surroundings(program),
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  // The other message repeats the arguments, some of which a plugin may have sent.
  follow(child, 'originalMessage', onExit)
  return { pid: child.pid, stderr: child.stderr }
}

function surroundings({ env, owner }: Program) {
  return {
    ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
    env: { ...env },
    extendEnv: false,
    cwd: '/',
    // Its own process group, so that whatever it starts can be ended with it.
    detached: true,
    // The dispatcher ends what it has started itself, and a plugin's input ends with it in any case.
    cleanup: false,
    buffer: false,
    reject: false,
  } satisfies Options
}

type Told = 'shortMessage' | 'originalMessage'
type Started = PromiseLike<Partial<Record<Told, string | undefined>>> & {
  readonly pid?: number | undefined
  once(event: 'exit', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown
}

function follow(child: Started, told: Told, onExit: (exit: Exit) => void): void {
  // 'exit' and not the promise: that one waits until every grandchild has closed the output too.
  child.once('exit', (code, signal) => {
    onExit({ code: code ?? undefined, signal: signal ?? undefined, error: undefined })
  })
  // Without a process there are no events to rely on, only the promise.
  if (child.pid === undefined) {
    void tellWhy(child, told, onExit)
  }
}

/** execa passes any descriptor on, but its types know only those below ten. */
function descriptor(fd: number): 3 {
  if (!isPassable(fd)) throw new Error(`${fd} is no file descriptor`)
  return fd
}

function isPassable(fd: number): fd is 3 {
  return Number.isInteger(fd) && fd >= 0
}

async function tellWhy(child: Started, told: Told, onExit: (exit: Exit) => void): Promise<void> {
  const error = (await child)[told] ?? 'it could not be started'
  onExit({ code: undefined, signal: undefined, error })
}
