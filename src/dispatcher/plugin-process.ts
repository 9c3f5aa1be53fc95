// One process of a plugin, from its FIFO to the last byte it left unread.

import { setPriority } from 'node:os'
import type { DropIn } from './drop-in.js'
import { startChild, type Exit } from './child.js'
import { until, type Clock } from './clock.js'
import { Fifo, makeFifos } from './fifo.js'
import { OutputReader } from './output-reader.js'
import { findOwner, type Owner } from './owner.js'
import { groupLives, holdersOf, signalGroup, signalProcess } from './process-table.js'
import type { FifoPaths, RunDir } from './run-dir.js'
import { StderrReader, type StderrSink } from './stderr-reader.js'

const STDOUT = 1
const POLL_MS = 2
/** How long after the end of its stdout the exit of a process may be told. */
const END_TOLD_MS = 1000
/** How long what remains of a dead plugin may take to go once it is killed. */
const GONE_LIMIT_MS = 1000

export interface ProcessWorld {
  readonly clock: Clock
  readonly runDir: RunDir
  /** What is wrong with a program now, which may be another than when the drop-in was read; empty if nothing is. */
  readonly programDoubt: (path: string) => string
  /** The run directory cannot be written. */
  readonly onRunDirProblem: (problem: string) => void
  /** Added to NODE_OPTIONS of every plugin: empty, or what makes Node run where its compiler may not. */
  readonly nodeOptions: string
  /** The niceness plugins run with; undefined: as the daemon. */
  readonly niceness: number | undefined
}

/** What is left of a process that is gone. */
export interface Remains {
  readonly exit: Exit
  /** Bytes written to it that it had not read. */
  readonly unread: number
  readonly lastLines: readonly string[]
  /** False when something still reads its stdin and cannot be ended, so that `unread` may be too low. */
  readonly exact: boolean
}

export interface StdoutEars {
  /** Bytes of it, valid only during the call. */
  readonly hear: (chunk: Buffer) => void
  /** It is closed, and yet the process lives on. */
  readonly ended: () => void
}

/** Who hears what the process says. */
export interface ProcessEars {
  readonly stderr: StderrSink
  /** Undefined: it writes to the daemon's own stdout. */
  readonly stdout: StdoutEars | undefined
}

/** The ends of the FIFOs that the daemon keeps. */
interface Ends {
  readonly fifo: Fifo
  readonly stderr: StderrReader
  readonly output: OutputReader | undefined
}

export class PluginProcess {
  readonly pid: number
  readonly #name: string
  readonly #world: ProcessWorld
  readonly #inputPath: string
  readonly #fifo: Fifo
  readonly #stderr: StderrReader
  readonly #output: OutputReader | undefined
  #ended = false
  #isGone = false

  private constructor(pid: number, name: string, world: ProcessWorld, inputPath: string, ends: Ends) {
    this.pid = pid
    this.#name = name
    this.#world = world
    this.#inputPath = inputPath
    this.#fifo = ends.fifo
    this.#stderr = ends.stderr
    this.#output = ends.output
  }

  /** Starts the program of `dropIn`; throws with the reason when no process comes to be. `onGone` is called once. */
  static async start(
    dropIn: DropIn,
    world: ProcessWorld,
    ears: ProcessEars,
    onGone: (remains: Remains) => void,
  ): Promise<PluginProcess> {
    const doubt = world.programDoubt(dropIn.path)
    if (doubt !== '') throw new Error(doubt)
    const owner = await findOwner(dropIn.user, dropIn.group)
    const paths = world.runDir.fifoPaths(dropIn.name)
    try {
      await makeFifos(
        ears.stdout === undefined ? [paths.input, paths.stderr] : [paths.input, paths.stderr, paths.output],
      )
      const ends = openAll(paths, owner, ears, world.clock)
      return await PluginProcess.#spawn(dropIn, world, owner, paths.input, ends, ears, onGone)
    } catch (error) {
      world.runDir.removeFifos(paths)
      throw error
    }
  }

  static async #spawn(
    dropIn: DropIn,
    world: ProcessWorld,
    owner: Owner | undefined,
    inputPath: string,
    ends: Ends,
    ears: ProcessEars,
    onGone: (remains: Remains) => void,
  ): Promise<PluginProcess> {
    const program = { path: dropIn.path, args: dropIn.args, env: environmentOf(dropIn, world), owner }
    const { fifo, stderr, output } = ends
    const stdio = { stdin: fifo.childEnd, stdout: output?.childEnd ?? STDOUT, stderr: stderr.childEnd }
    return new Promise((resolve, reject) => {
      const child = startChild(program, stdio, (exit) => {
        if (started === undefined) {
          void stderr.finish()
          output?.finish()
          fifo.close()
          reject(new Error(exit.error ?? 'it ended before it had begun'))
        } else void started.#bury(exit).then(onGone)
      })
      fifo.passedOn()
      stderr.passedOn()
      output?.passedOn()
      const started =
        child.pid === undefined ? undefined : new PluginProcess(child.pid, dropIn.name, world, inputPath, ends)
      if (started === undefined) return
      started.#settleIn(dropIn.stopTimeoutMs)
      output?.onEnd(() => {
        started.#outputEnded(ears)
      })
      resolve(started)
    })
  }

  /** Bytes taken at once; 0 when the FIFO is full or nobody reads it. */
  write(bytes: Buffer, start: number, end: number): number {
    return this.#fifo.write(bytes, start, end)
  }

  writeLater(piece: Buffer, onWritten: () => void): void {
    this.#fifo.writeLater(piece, onWritten)
  }

  /** The process lives on, and yet nobody reads what is written. */
  get hasClosedInput(): boolean {
    return !this.#ended && !this.#fifo.hasReader()
  }

  /** What it has said last on stderr. */
  get lastLines(): readonly string[] {
    return this.#stderr.lastLines
  }

  endInput(): void {
    this.#ended = true
    this.#fifo.end()
  }

  /** Whether its stdout is read. */
  setListening(isListening: boolean): void {
    if (isListening) this.#output?.resume()
    else this.#output?.pause()
  }

  /** Nothing once it is gone: its pid may be another's by then. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#isGone) signalProcess(this.pid, signal)
  }

  signalGroup(signal: NodeJS.Signals): void {
    if (!this.#isGone) signalGroup(this.pid, signal)
  }

  #settleIn(stopTimeoutMs: number): void {
    const problem = this.#world.runDir.remember(this.#name, this.pid, stopTimeoutMs)
    if (problem !== '') this.#world.onRunDirProblem(problem)
    if (this.#world.niceness === undefined) return
    try {
      setPriority(this.pid, this.#world.niceness)
    } catch {
      // ESRCH: it is gone already, which its exit will tell; EACCES: not root, and then no boost was taken either.
    }
  }

  /** The end of a process ends its stdout too, and may be told after that. */
  #outputEnded({ stdout }: ProcessEars): void {
    this.#world.clock.after(END_TOLD_MS, () => {
      if (!this.#isGone && !this.#ended) stdout?.ended()
    })
  }

  async #bury(exit: Exit): Promise<Remains> {
    this.#isGone = true
    const exact = await this.#endRest()
    await this.#stderr.finish()
    this.#output?.finish()
    const unread = this.#fifo.readBack()
    this.#fifo.close()
    this.#world.runDir.forget(this.#name)
    return { exit, unread, lastLines: this.#stderr.lastLines, exact }
  }

  /** Ends what the process left behind, in its group or out of it: only then is what remains unread certain. */
  async #endRest(): Promise<boolean> {
    const { clock } = this.#world
    const isUnread = (): boolean => this.#ended || !this.#fifo.hasReader()
    signalGroup(this.pid, 'SIGKILL')
    const groupIsGone = await until(clock, () => !groupLives(this.pid), POLL_MS, GONE_LIMIT_MS)
    if (isUnread()) return groupIsGone
    for (const pid of holdersOf(this.#inputPath)) signalProcess(pid, 'SIGKILL')
    return (await until(clock, isUnread, POLL_MS, GONE_LIMIT_MS)) && groupIsGone
  }
}

/** What Node needs is added to what the drop-in says, not put in its place. */
function environmentOf(dropIn: DropIn, { nodeOptions }: ProcessWorld): Readonly<Record<string, string>> {
  if (nodeOptions === '') return dropIn.env
  const own = dropIn.env['NODE_OPTIONS']
  return { ...dropIn.env, NODE_OPTIONS: own === undefined ? nodeOptions : `${own} ${nodeOptions}` }
}

/** What was opened is closed again when one of them cannot be. */
function openAll(paths: FifoPaths, owner: Owner | undefined, ears: ProcessEars, clock: Clock): Ends {
  const stderr = StderrReader.open(paths.stderr, owner, ears.stderr, clock)
  let output: OutputReader | undefined
  try {
    output = ears.stdout && OutputReader.open(paths.output, owner, ears.stdout.hear)
    return { stderr, output, fifo: Fifo.open(paths.input, owner) }
  } catch (error) {
    stderr.passedOn()
    void stderr.finish()
    output?.passedOn()
    output?.finish()
    throw error
  }
}
