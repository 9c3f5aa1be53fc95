// Keeps the daemon's control socket where the configuration wants it. There is always a daemon that goes before one that comes:
// while another answers there, and whenever the socket cannot be made, this one does its work without and tries again. One that
// has been removed is made again.

import type { Log } from '../log.js'
import { SocketFile, SocketMistake } from '../socket-file.js'
import type { After } from './control-connection.js'
import type { ControlDesk } from './control-desk.js'
import { checkLength, letGroupIn, makeDirOf, statusSocketBeside } from './control-place.js'
import { ControlServer } from './control-server.js'
import type { Access } from './greeting.js'
import { Pacer } from './pacer.js'

const OWNER_ONLY = 0o600
const OWNER_AND_GROUP = 0o660
/** Between two tries, and between two looks at whether the socket is still there. */
const LOOK_MS = 3000

export interface ControlWishes {
  readonly path: string
  /** '' is none. */
  readonly group: string
}

export interface ControlSocketWorld {
  readonly desk: ControlDesk
  readonly log: Log
  readonly after: After
  readonly nowMs: () => number
  /** The id of a group; undefined when there is no such group. */
  readonly groupId: (group: string) => Promise<number | undefined>
}

export class ControlSocket {
  readonly #world: ControlSocketWorld
  readonly #servers: Readonly<Record<Access, ControlServer>>
  #wishes: ControlWishes = { path: '', group: '' }
  #files: readonly SocketFile[] = []
  /** What has been said of the socket last, so that it is said once. */
  #said = ''
  #cancelLook: () => void = () => {}
  #work: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(world: ControlSocketWorld) {
    this.#world = world
    const { desk, after } = world
    const pacer = new Pacer(world)
    this.#servers = {
      all: new ControlServer({ desk, after, pacer, access: 'all' }),
      status: new ControlServer({ desk, after, pacer, access: 'status' }),
    }
  }

  /** From now on the socket is to be there; whoever is connected stays so. */
  follow(wishes: ControlWishes): void {
    const { path, group } = this.#wishes
    const isThere = this.#files.length === (group === '' ? 1 : 2)
    if (isThere && wishes.path === path && wishes.group === group) return
    this.#wishes = wishes
    this.#said = ''
    this.#soon(() => {
      this.#remove()
    })
  }

  /** Ends everything. What is ours is removed, and nothing else. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelLook()
    await this.#work
    this.#remove()
    this.#servers.all.close()
    this.#servers.status.close()
  }

  /** Opening takes a moment, and is never done twice at a time. */
  #soon(first: () => void = () => {}): void {
    this.#cancelLook()
    this.#work = this.#workAfter(this.#work, first)
  }

  async #workAfter(before: Promise<void>, first: () => void): Promise<void> {
    await before
    first()
    if (!this.#isClosed) await this.#look()
  }

  async #look(): Promise<void> {
    if (this.#files.length > 0 && !this.#files.every((file) => file.isOurs)) {
      this.#world.log.warn({ path: this.#wishes.path }, 'control socket has been removed; making it again')
      this.#remove()
    }
    if (this.#files.length === 0) await this.#open()
    this.#cancelLook()
    if (this.#isClosed) return
    this.#cancelLook = this.#world.after(LOOK_MS, () => {
      this.#soon()
    })
  }

  async #open(): Promise<void> {
    const { path, group } = this.#wishes
    try {
      checkLength(path)
      makeDirOf(path)
      const file = await SocketFile.open({ path, mode: OWNER_ONLY, gid: undefined }, this.#servers.all.welcome)
      this.#files = [file]
      this.#world.log.info({ path }, 'control socket is open')
    } catch (error) {
      const why = reason(error)
      if (why !== this.#said) this.#world.log.warn({ path, why }, 'running without control socket; trying again')
      this.#said = why
      return
    }
    this.#said = ''
    if (group !== '') await this.#openToGroup(statusSocketBeside(path), group)
  }

  async #openToGroup(path: string, group: string): Promise<void> {
    try {
      checkLength(path)
      const gid = await this.#world.groupId(group)
      if (gid === undefined) throw new SocketMistake(`there is no group '${group}'`)
      letGroupIn(path, gid)
      const file = await SocketFile.open({ path, mode: OWNER_AND_GROUP, gid }, this.#servers.status.welcome)
      this.#files = [...this.#files, file]
      this.#world.log.info({ path, group }, 'control_group may read the status')
    } catch (error) {
      this.#world.log.warn(
        { path, group, why: reason(error) },
        'control_group cannot be let in; only root reads the status',
      )
    }
  }

  #remove(): void {
    for (const file of this.#files) file.remove()
    this.#files = []
  }
}

/** What the world has in the way of a socket; anything else is a bug. */
function reason(error: unknown): string {
  if (error instanceof SocketMistake || (error instanceof Error && 'syscall' in error)) return error.message
  throw error
}
