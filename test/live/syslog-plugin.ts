// audispd-syslog with the dispatcher's end of its protocol in the test's hands.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Test } from 'tap'
import { until } from './until.js'

const PROGRAM = resolve('build/bin/audispd-syslog')
/** As much as the plugin may have unanswered. */
const WINDOW = 1000
const PATIENCE_MS = 60_000

export interface Started {
  /** What runs it: a program that is given its command line. */
  readonly through?: readonly string[]
  /** As auditd feeds it: lines, and nothing is acknowledged. */
  readonly isString?: boolean
}

export class SyslogPlugin {
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown[]>
  #said = ''
  #stderr = ''
  #sent = 0

  constructor(t: Test, args: readonly string[], { through = [], isString = false }: Started = {}) {
    const [command = '/usr/bin/env', ...rest] = [...through, '/usr/bin/env', '-i', PROGRAM, ...args]
    this.#child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#exit = once(this.#child, 'close')
    this.#child.stdin?.on('error', () => {
      // EPIPE: a test ended it.
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    if (!isString) this.#write('HELLO 1 plugin=syslog run=run next=1 in-window=4096\n')
    t.teardown(async () => {
      this.#child.kill('SIGKILL')
      await this.#exit
    })
  }

  /** What it says to people: through the dispatcher, and on its stderr. */
  get words(): string {
    return `${this.#said.replaceAll('%20', ' ')}\n${this.#stderr}`
  }

  get acked(): number {
    return Number([...this.#said.matchAll(/^ACK (\d+)$/gm)].at(-1)?.[1] ?? 0)
  }

  get sent(): number {
    return this.#sent
  }

  async ready(): Promise<void> {
    await until(
      () => `READY from ${this.words}`,
      () => this.#said.includes('READY 1'),
    )
  }

  /** Records as auditd gives them. */
  async giveLines(records: readonly Buffer[]): Promise<void> {
    const lines = Buffer.concat(records.flatMap((record) => [record, Buffer.from('\n')]))
    await new Promise<void>((done) => {
      this.#child.stdin?.write(lines, () => {
        done()
      })
    })
  }

  /** Ends its input, and waits for its end; the exit status. */
  async endInput(): Promise<unknown> {
    this.#child.stdin?.end()
    return (await this.#exit)[0]
  }

  /** What it has come to by its own last words, such as `dropped`. */
  counted(name: string): number {
    const lastWords = /^the end; .*/m.exec(this.#stderr)?.[0] ?? ''
    return Number(new RegExp(`\\b${name}=(\\d+)`).exec(lastWords)?.[1] ?? 0)
  }

  /** Gives records, never more unanswered than the window. */
  async give(records: readonly Buffer[]): Promise<void> {
    await this.ready()
    for (let at = 0; at < records.length;) {
      const room = WINDOW - (this.#sent - this.acked)
      if (room > 0) {
        const some = records.slice(at, at + room)
        const lines = some.flatMap((record) => [Buffer.from(`RECORD ${++this.#sent} `), record, Buffer.from('\n')])
        this.#write(Buffer.concat(lines))
        at += some.length
      }
      const acked = this.acked
      if (at < records.length)
        await until(
          () => `an ACK beyond ${acked} of ${this.#sent}`,
          () => this.acked > acked,
          PATIENCE_MS,
        )
    }
  }

  async allAcked(): Promise<void> {
    await until(
      () => `the ACK of ${this.#sent}, not ${this.acked}: ${this.words.slice(-2000)}`,
      () => this.acked === this.#sent,
      PATIENCE_MS,
    )
  }

  async says(words: string): Promise<void> {
    await until(
      () => `'${words}' in ${this.words.slice(-2000)}`,
      () => this.words.includes(words),
      PATIENCE_MS,
    )
  }

  /** STOP, and its end; the exit status. */
  async stop(): Promise<unknown> {
    await this.ready()
    this.#write('STOP\n')
    return this.endInput()
  }

  #write(bytes: Buffer | string): void {
    this.#child.stdin?.write(bytes)
  }
}
