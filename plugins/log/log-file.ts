// The log as a file, and as many files as it was rotated into. Why each record is in them once, whenever this process dies:
//
// 1. Lines are written behind the end that the state file knows, then the state file gets the new end and the last seq, then they are
//    acknowledged. A death before the state leaves lines behind the known end: the next process of the same run cuts them off, and the
//    dispatcher sends them again. A death after it is told by `from`: the dispatcher does not send them again.
// 2. A new file is written down, with an end of 0, before its first line. So what the state file does not know holds nothing of ours
//    that comes again, and is never cut but for a torn end.
// 3. A rotation happens between two writes, when the state is that of the file's end. It moves files up from the first free number on,
//    the oldest first, the written one last, each to a name that is free: whichever step was the last, each file has one name. The
//    state goes by the file's inode, which keeps with it. What is more than is wanted is removed only after that.
// 4. Compressing replaces a file last of all; see packer.ts.
//
// With another run of the dispatcher there is nobody to send anything again: what stands there stays, but for a torn end.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '../../src/remote/ports.js'
import type { RecordLines } from '../../src/sdk/index.js'
import { ActiveFile } from './active-file.js'
import type { Settings } from './config-file.js'
import { Flusher } from './flusher.js'
import type { LogDisk } from './log-disk.js'
import { putInOrder } from './opening.js'
import { Packer } from './packer.js'
import { mayRotate, rotationDue } from './rotation-due.js'
import { Shelf } from './shelf.js'
import { asTrouble, SinkTrouble, type Sink, type Tell } from './sink.js'
import { StateFile, statePath } from './state-file.js'

/** A rotation that failed is tried again after this. */
const ROTATE_AGAIN_MS = 10_000

export interface LogFileHost {
  readonly disk: LogDisk
  readonly clock: Clock
  /** The node name in solaris names. */
  readonly hostName: string
  readonly log: Tell
  /** Something is wrong with the disk, though the records are written. */
  readonly diskError: (text: string) => void
}

const compressed = promisify(gzip)

export class LogFile implements Sink {
  readonly #host: LogFileHost
  readonly #shelf: Shelf
  readonly #packer: Packer
  readonly #flusher: Flusher
  readonly #isStream: boolean
  #settings: Settings
  #state: StateFile | undefined
  #run = ''
  #seq = 0
  #active: ActiveFile | undefined
  /** The one that was written before. */
  #last: ActiveFile | undefined
  /** The file that the state file speaks of. */
  #stated = ''
  #rotateAfterMs = -Infinity
  #isWriting = false
  #isRotationAsked = false

  constructor(host: LogFileHost, settings: Settings) {
    this.#host = host
    this.#settings = settings
    this.#isStream = settings.config.compress === 'stream'
    this.#shelf = new Shelf(host.disk, settings.config, host.hostName)
    this.#packer = new Packer({ disk: host.disk, shelf: this.#shelf, gid: settings.gid, log: host.log })
    this.#flusher = new Flusher(host.disk, (error) => {
      host.log('error', 'the log cannot be flushed; what was written is lost if the machine stops', { error })
      host.diskError(error)
    })
  }

  /** The first seq that is not in the log, if that remembers this run. Changes nothing. */
  from(run: string): number | undefined {
    this.#run = run
    const path = statePath(this.#settings.config.logFile)
    if (this.#host.disk.look(path) === undefined) return undefined
    const file = new StateFile(this.#host.disk, path)
    const state = file.read()
    file.close()
    if (run === '' || state?.run !== run) return undefined
    this.#seq = state.seq
    return state.seq + 1
  }

  /** Opens the log, if it is not open. Throws a SinkTrouble when the disk does not let it. */
  async ready(): Promise<ActiveFile> {
    try {
      this.#state ??= await this.#putInOrder()
      this.#active ??= this.#begin(undefined)
      return this.#active
    } catch (error) {
      throw asTrouble(error, this.#settings.config.logFile)
    }
  }

  async append({ bytes, count, last }: RecordLines): Promise<void> {
    await this.ready()
    const stored = this.#isStream ? await compressed(bytes) : bytes
    this.#rotateIfDue(stored.length)
    const active = await this.ready()
    await this.#exclusively(active, () => this.#store(active, stored, count, last))
  }

  async pass(seq: number): Promise<void> {
    const active = await this.ready()
    await this.#exclusively(active, () => this.#save(active, active.offset, seq))
  }

  rotate(): void {
    // A rotation belongs between two writes.
    this.#isRotationAsked = true
    if (!this.#isWriting) this.#rotateAsAsked()
  }

  freeOldest(): boolean {
    try {
      const gone = this.#shelf.removeOldest()
      if (gone !== undefined) {
        this.#host.log('warn', 'the oldest file was removed to make room', { file: gone })
        return true
      }
      if ((this.#active?.offset ?? 0) === 0 || !mayRotate(this.#settings.config)) return false
      this.#rotate()
      return true
    } catch (error) {
      throw asTrouble(error, this.#shelf.dir)
    }
  }

  /** What cannot change while it runs stays. */
  use(settings: Settings): void {
    this.#settings = settings
    this.#tidy()
  }

  end(): void {}

  async close(): Promise<void> {
    await this.#packer.close()
    const active = this.#active
    this.#active = undefined
    if (active !== undefined) {
      const { config } = this.#settings
      await this.#flusher.retire(active.fd, config)
      if (config.names === 'solaris') this.#finish(active)
    }
    this.#state?.close()
  }

  /** For tests: nothing is compressed or flushed any more. */
  async idle(): Promise<void> {
    await this.#packer.idle()
    await this.#flusher.idle()
  }

  /** A name that says not_terminated stands for a death; an empty file stands for nothing. */
  #finish({ name, offset }: ActiveFile): void {
    if (offset > 0) this.#shelf.retire(name, this.#host.clock.wallMs())
    else this.#host.disk.remove(this.#shelf.path(name))
  }

  async #putInOrder(): Promise<StateFile> {
    const { disk, clock, log } = this.#host
    const { gid, config } = this.#settings
    disk.makeDir(this.#shelf.dir, gid)
    const file = new StateFile(disk, statePath(config.logFile))
    try {
      if (!file.lock()) throw new Error(`another process writes ${config.logFile}`)
      const isTimed = config.names === 'solaris'
      const host = { disk, shelf: this.#shelf, gid, isTimed, log, nowMs: () => clock.wallMs() }
      const state = file.read()
      await putInOrder(host, state, this.#run)
      this.#active = this.#begin(state)
      this.#tidy()
      return file
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** The file to go on with, or a new one. */
  #begin(known: { readonly file: string; readonly beganMs: number } | undefined): ActiveFile {
    const { disk, clock } = this.#host
    const names = this.#shelf.names()
    const name = this.#shelf.naming.current(names) ?? this.#shelf.naming.begin(names, clock.wallMs())
    const fd = disk.open(this.#shelf.path(name), this.#settings.gid)
    this.#stated = ''
    const active = new ActiveFile(disk, name, fd)
    if (known?.file === active.id) active.beganMs = known.beganMs
    // The same again, when it could not be rotated: what could not be taken back is written over.
    if (this.#last?.id === active.id) active.offset = this.#last.offset
    return active
  }

  async #exclusively(active: ActiveFile, work: () => Promise<void>): Promise<void> {
    this.#isWriting = true
    try {
      await work()
    } catch (error) {
      throw asTrouble(error, active.name)
    } finally {
      this.#isWriting = false
    }
    if (this.#isRotationAsked) this.#rotateAsAsked()
  }

  async #store(active: ActiveFile, stored: Buffer, count: number, last: number): Promise<void> {
    if (active.offset === 0) active.beganMs = this.#host.clock.wallMs()
    if (this.#stated !== active.id) await this.#save(active, active.offset, this.#seq)
    try {
      await active.write(stored)
      await this.#flusher.wrote(active.fd, count, this.#settings.config)
      await this.#save(active, active.offset + stored.length, last)
    } catch (error) {
      active.takeBack()
      throw error
    }
    active.offset += stored.length
  }

  async #save(active: ActiveFile, offset: number, seq: number): Promise<void> {
    await this.#state?.write({ run: this.#run, seq, file: active.id, offset, beganMs: active.beganMs })
    this.#stated = active.id
    this.#seq = seq
  }

  #rotateAsAsked(): void {
    const { log } = this.#host
    this.#isRotationAsked = false
    if (!mayRotate(this.#settings.config)) log('warn', 'nothing is rotated, as num_logs is less than 2')
    else if ((this.#active?.offset ?? 0) === 0) log('info', 'there is nothing to rotate; the file is empty')
    else this.#tryToRotate()
  }

  /** What is about to be written is in the next file where it would make this one too large. */
  #rotateIfDue(bytes: number): void {
    const active = this.#active
    if (active === undefined || active.offset === 0 || !this.#isDue(active, bytes)) return
    if (!mayRotate(this.#settings.config) || this.#host.clock.monotonicMs() < this.#rotateAfterMs) return
    this.#tryToRotate()
  }

  /** If it fails, the log goes on in the file that it has. */
  #tryToRotate(): void {
    try {
      this.#rotate()
    } catch (error) {
      this.#rotateAfterMs = this.#host.clock.monotonicMs() + ROTATE_AGAIN_MS
      const { message } = asTrouble(error, 'rotating')
      this.#host.log('error', 'the log cannot be rotated; going on with the same file', { error: message })
      this.#host.diskError(message)
    }
  }

  #isDue(active: ActiveFile, bytes: number): boolean {
    const due = rotationDue(this.#settings.config, active, bytes, this.#host.clock.wallMs())
    if (due === 'yes' || due === 'no') return due === 'yes'
    // Once for each file.
    if (active.isTooLargeTold) return false
    active.isTooLargeTold = true
    if (due === 'suspend') throw new SinkTrouble('size', `${active.name} is larger than max_log_file`)
    this.#host.log('warn', 'the log is larger than max_log_file', { file: active.name, bytes: active.offset })
    return false
  }

  #rotate(): void {
    const active = this.#active
    if (active === undefined) return
    const { disk, clock } = this.#host
    active.settle()
    this.#active = undefined
    this.#last = active
    void this.#flusher.retire(active.fd, this.#settings.config)
    const isThere = disk.look(this.#shelf.path(active.name))?.id === active.id
    // Somebody else has moved it away: then it is rotated already.
    if (isThere) this.#shelf.retire(active.name, clock.wallMs())
    this.#active = this.#begin(undefined)
    this.#tidy()
  }

  #tidy(): void {
    const { config } = this.#settings
    const { clock, log } = this.#host
    try {
      for (const file of this.#shelf.prune(config, clock.wallMs()))
        log('info', 'a file was removed, as num_logs and keep say', { file })
    } catch (error) {
      log('warn', 'old files cannot be removed', { error: asTrouble(error, this.#shelf.dir).message })
    }
    if (config.compress === 'rotated') this.#packer.wake()
  }
}
