import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Test } from 'tap'
import { ENVIRONMENT } from './kernel.js'
import { program, type Scene } from './scene.js'

const SYSLOG_SOCKET = '/dev/log'

/**
 * Something that listens where syslog(3) speaks and writes what it hears to `syslog.out`: at that place itself if nobody
 * does, else beside it. Gives what with-mounts.sh has to mount then.
 */
export async function listenForSyslog(t: Test, scene: Scene): Promise<string[]> {
  const isTaken = existsSync(SYSLOG_SOCKET)
  const socket = isTaken ? scene.path('log') : SYSLOG_SOCKET
  const args = [program('datagrams-to-file.pl'), socket, scene.path('syslog.out')]
  const receiver = spawn('perl', args, { env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(receiver, 'exit')
  t.teardown(async () => {
    receiver.stdin.end()
    await ended
  })
  await Promise.race([once(receiver.stdout, 'data'), ended.then(() => Promise.reject(new Error('no syslog socket')))])
  return isTaken ? [socket, SYSLOG_SOCKET] : []
}

/** What programs of this name said, without priority, time, name and pid. */
export function syslogTexts(text: string, name: string): string[] {
  const head = new RegExp(`^<[0-9]+>.*? ${name}(?:\\[[0-9]+\\])?: `)
  return text
    .split('\n')
    .filter((line) => head.test(line))
    .map((line) => line.replace(head, '').trimEnd())
}
