// A directory for one test: a configuration, and what plugins and the daemon write; removed at the test's end.

import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'

const FIXTURES = resolve('test/fixtures/plugins')
export const PERL = '/usr/bin/perl'
export const SHELL = '/bin/sh'

export class Place {
  readonly dir: string

  constructor(t: Test, settings = 'self_events = no\ndrain_timeout = 60s\n') {
    // Not t.testdir(): its long names do not fit everywhere, and plugins of another user could not reach it.
    this.dir = mkdtempSync(join(tmpdir(), 'audispd-test-'))
    t.teardown(() => rmSync(this.dir, { recursive: true, force: true }))
    mkdirSync(join(this.dir, 'audispd.d'))
    this.settings(settings)
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  settings(text: string): void {
    this.#replace(this.path('audispd.conf'), text)
  }

  dropInPath(name: string): string {
    return join(this.dir, 'audispd.d', `${name}.conf`)
  }

  /** Writes a drop-in, active unless `lines` say otherwise. */
  dropIn(name: string, lines: readonly string[]): void {
    this.#replace(this.dropInPath(name), ['active = yes', ...lines, ''].join('\n'))
  }

  removeDropIn(name: string): void {
    rmSync(this.dropInPath(name))
  }

  /** A drop-in that runs a program in test/fixtures/plugins with what its suffix asks for. */
  plugin(name: string, program: string, args: readonly string[] = [], lines: readonly string[] = []): void {
    const words = [join(FIXTURES, program), ...args].join(' ')
    this.dropIn(name, [`path = ${interpreterOf(program)}`, `args = ${words}`, ...lines])
  }

  /** A plugin that moves all it is given to the end of the file of its own name. */
  tee(name: string, lines: readonly string[] = []): void {
    this.plugin(name, 'splices-to-file.pl', [this.path(name)], lines)
  }

  /** Writes a program; one that stands there already is replaced, not changed. */
  program(name: string, text: string): string {
    const path = this.path(name)
    rmSync(path, { force: true })
    writeFileSync(path, text, { mode: 0o755 })
    return path
  }

  fifo(name: string): string {
    execFileSync('/usr/bin/mkfifo', [this.path(name)])
    return this.path(name)
  }

  /** What has been written to a file so far; nothing when it is not there yet. */
  read(name: string): Buffer {
    return this.size(name) === 0 ? Buffer.alloc(0) : readFileSync(this.path(name))
  }

  /** Pid and start time of plugins whose daemon had no time to end them. */
  pluginsLeft(): (readonly [pid: number, startTicks: string])[] {
    if (!existsSync(this.path('run'))) return []
    return readdirSync(this.path('run'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.pid'))
      .map((name) => this.read(join('run', name)).toString().split(' '))
      .map(([pid, startTicks = '']) => [Number(pid), startTicks])
  }

  /** At once, as whoever watches the directory may look at any moment. */
  #replace(path: string, text: string): void {
    writeFileSync(this.path('new'), text)
    renameSync(this.path('new'), path)
  }

  size(name: string): number {
    return statSync(this.path(name), { throwIfNoEntry: false })?.size ?? 0
  }
}

function interpreterOf(program: string): string {
  if (program.endsWith('.js')) return process.execPath
  return program.endsWith('.pl') ? PERL : SHELL
}
