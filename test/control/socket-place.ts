import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { connectControl } from '../../src/control/control-client.js'
import { ControlSocket } from '../../src/control/control-socket.js'
import { FakeClock } from '../dispatcher/fake-clock.js'
import { FakeLog } from '../dispatcher/fake-log.js'

/** The id of the group `them`: any but our own. */
export const GROUP = 4711

/** A directory, and daemons that want their sockets in it. */
export class SocketPlace {
  readonly log = new FakeLog()
  readonly clock = new FakeClock()
  readonly #t: Test
  readonly #dir: string

  constructor(t: Test) {
    this.#t = t
    // Not t.testdir(), whose long names are no names of sockets.
    this.#dir = mkdtempSync(join(tmpdir(), 'audispd-test-'))
    t.teardown(() => rmSync(this.#dir, { recursive: true, force: true }))
  }

  path(name: string): string {
    return join(this.#dir, name)
  }

  daemon(): ControlSocket {
    const control = new ControlSocket({
      desk: {
        ask: async ({ verb }) => verb,
        tap: () => ({ result: '', spring: undefined }),
        logs: () => ({ result: '', spring: undefined }),
      },
      log: this.log,
      after: (ms, then) => this.clock.after(ms, then),
      nowMs: () => this.clock.nowMs(),
      groupId: async (group) => (group === 'them' ? GROUP : undefined),
    })
    this.#t.teardown(async () => control.close())
    return control
  }

  count(text: string): number {
    return this.log.texts.filter((each) => each === text).length
  }

  async says(text: string, count = 1): Promise<void> {
    await this.until(() => this.count(text) >= count)
  }

  /** Time passes until it is said. */
  async passesUntil(text: string, count = 1): Promise<void> {
    await this.until(() => {
      this.clock.pass(1000)
      return this.count(text) >= count
    })
  }

  async idle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** One request on a connection of its own. */
export async function asks(path: string, line: string): Promise<unknown> {
  const client = await connectControl(path)
  try {
    return await client.ask([line])
  } finally {
    client.close()
  }
}

/** What comes of connecting as another user, of this group alone: '' or the code of the error. */
export async function codeOfConnecting(path: string, gid: number): Promise<string> {
  const { setegid, seteuid, getgroups, setgroups } = process
  if (setegid === undefined || seteuid === undefined || getgroups === undefined || setgroups === undefined)
    return 'none'
  const groups = getgroups()
  setgroups([])
  setegid(gid)
  seteuid(gid)
  // The system call is made before this returns.
  const socket = connect(path)
  seteuid(0)
  setegid(0)
  setgroups(groups)
  const code = await new Promise<string>((resolve) => {
    socket.on('connect', () => resolve(''))
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
  })
  socket.destroy()
  return code
}
