// A log in a directory of its own, and a dispatcher that keeps what is not acknowledged.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { gunzipSync } from 'node:zlib'
import { DEFAULT_CONFIG, type LogConfig } from '../../../plugins/log/config.js'
import { LogFile } from '../../../plugins/log/log-file.js'
import type { RecordLines } from '../../../src/sdk/index.js'
import { HandClock } from '../remote-recv/hand-clock.js'
import { DyingDisk } from './dying-disk.js'

export const HOST = 'web1'

export class LogPlace {
  readonly dir: string
  readonly clock = new HandClock()
  readonly said: string[] = []
  readonly errors: string[] = []

  constructor(t: Test) {
    this.dir = mkdtempSync(join(tmpdir(), 'audispd-log-'))
    t.teardown(() => rmSync(this.dir, { recursive: true, force: true }))
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  config(changes: Partial<LogConfig> = {}): LogConfig {
    return { ...DEFAULT_CONFIG, logFile: this.path('audit.log'), flush: 'none', ...changes }
  }

  file(disk: DyingDisk, changes: Partial<LogConfig> = {}): LogFile {
    const host = {
      disk,
      clock: this.clock,
      hostName: HOST,
      log: (_level: string, text: string) => void this.said.push(text),
      diskError: (text: string) => void this.errors.push(text),
    }
    return new LogFile(host, { config: this.config(changes), gid: 0 })
  }

  names(): string[] {
    return readdirSync(this.dir).toSorted()
  }

  /** Files of the log from the oldest to the newest, without what stands beside them. */
  logs(): string[] {
    const number = (name: string): number => Number(/^audit\.log\.(\d+)/.exec(name)?.[1] ?? 0)
    return this.names()
      .filter((name) => /^audit\.log(?:\.\d+)?(?:\.gz)?$|^\d{14}\./.test(name))
      .toSorted((a, b) => number(b) - number(a))
  }

  text(name: string): string {
    const bytes = readFileSync(this.path(name))
    return (name.endsWith('.gz') && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString('latin1')
  }

  /** All that is in the log. */
  all(): string {
    return this.logs()
      .map((name) => this.text(name))
      .join('')
  }
}

export function line(n: number, bytes = 60): string {
  return `type=USER msg=audit(${1_700_000_000 + n}.000:${n}): n=${n} `.padEnd(bytes, 'x') + '\n'
}

export function lines(first: number, last: number, bytes?: number): RecordLines {
  const text = Array.from({ length: last - first + 1 }, (_, index) => line(first + index, bytes)).join('')
  return { bytes: Buffer.from(text), count: last - first + 1, last }
}

export function textOf(first: number, last: number, bytes?: number): string {
  return lines(first, last, bytes).bytes.toString()
}
