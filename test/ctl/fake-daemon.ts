// The daemon's end of the control socket, with answers of the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { greetingLine } from '../../src/control/greeting.js'

/** As the last line of an answer: the daemon closes the connection. */
export const END = 'END'

/** What follows a request: lines of the test, each without its end. A request that has no answer is refused. */
export type Answers = (request: string, asked: number) => readonly string[] | undefined

export interface FakeDaemon {
  readonly socket: string
  readonly requests: readonly string[]
}

export function ok(result: unknown): string {
  return JSON.stringify({ ok: true, result })
}

export function refused(code: string, message = 'no', mend = 'do something'): string {
  return JSON.stringify({ ok: false, code, message, mend })
}

/** Listens until the test ends; `asked` counts how often the same request has come before. */
export async function fakeDaemon(t: Test, answers: Answers): Promise<FakeDaemon> {
  // Not t.testdir(): a socket's path has to be short.
  const dir = mkdtempSync(join(tmpdir(), 'audispctl-test-'))
  const socket = join(dir, 'control.sock')
  const requests: string[] = []
  const open = new Set<Socket>()
  const server = createServer((connection) => {
    open.add(connection)
    connection.on('close', () => open.delete(connection)).on('error', () => {})
    connection.write(greetingLine('all', process.pid))
    createInterface({ input: connection }).on('line', (request) => {
      const asked = requests.filter((each) => each === request).length
      requests.push(request)
      const lines = answers(request, asked) ?? [refused('unknown-verb')]
      const isEnd = lines.at(-1) === END
      connection.write((isEnd ? lines.slice(0, -1) : lines).map((line) => `${line}\n`).join(''))
      if (isEnd) connection.end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve)
  })
  t.teardown(() => {
    for (const connection of open) connection.destroy()
    server.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return { socket, requests }
}
