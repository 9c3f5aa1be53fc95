// The files of one run: auditd's configuration, ours, and what everybody writes.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'

const PRIVATE = 0o640
const PROGRAMS = resolve('test/fixtures/live')

export const AUDISPD = resolve('build/bin/audispd')

export interface AuditdSettings {
  readonly log_format?: 'RAW' | 'ENRICHED'
  readonly name_format?: 'NONE' | 'USER'
  readonly name?: string
  /** Of auditd's own queue to its plugins. */
  readonly q_depth?: number
}

/** auditd's settings: nothing it could stop or rotate for, and room for whatever a test does. */
const QUIET = {
  local_events: 'yes',
  write_logs: 'yes',
  log_group: 'root',
  log_format: 'RAW',
  flush: 'NONE',
  max_log_file: 100,
  max_log_file_action: 'IGNORE',
  space_left: 2,
  space_left_action: 'IGNORE',
  admin_space_left: 1,
  admin_space_left_action: 'IGNORE',
  disk_full_action: 'IGNORE',
  disk_error_action: 'IGNORE',
  priority_boost: 4,
  q_depth: 50_000,
  max_restarts: 10,
  name_format: 'NONE',
}

export class Scene {
  /** Short and not in the checkout: auditd 3.0 skips lines of more than 160 bytes. */
  readonly dir: string
  readonly auditdDir: string
  readonly auditdPlugins: string
  readonly ourDir: string
  readonly auditLog: string
  readonly ourLog: string

  constructor(t: Test, settings: AuditdSettings = {}) {
    this.dir = mkdtempSync('/tmp/audispd-live-')
    chmodSync(this.dir, 0o755)
    t.teardown(() => {
      rmSync(this.dir, { recursive: true, force: true })
    })
    this.auditdDir = this.#directory('auditd')
    this.auditdPlugins = this.#directory('auditd/plugins.d')
    this.ourDir = this.#directory('ours')
    this.#directory('ours/audispd.d')
    this.auditLog = this.path('audit.log')
    this.ourLog = this.path('audispd.log')
    this.write(
      'auditd/auditd.conf',
      keysAndValues({ ...QUIET, ...settings, log_file: this.auditLog, plugin_dir: this.auditdPlugins }),
    )
    this.settings('')
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  /** Ours writes its log to a file, as auditd's plugins have no stderr; `more` is added. */
  settings(more: string): void {
    this.write('ours/audispd.conf', `log = file:${this.ourLog}\n${more}`)
  }

  /** Makes auditd start us. */
  pluginOfAuditd(format: 'string' | 'binary'): void {
    const keys = { active: 'yes', direction: 'out', path: AUDISPD, type: 'always', args: `-c ${this.ourDir}`, format }
    this.write('auditd/plugins.d/audispd.conf', keysAndValues(keys))
  }

  /** A drop-in of ours that runs one of the programs beside the fixtures. */
  plugin(name: string, file: string, args: readonly string[], keys: Readonly<Record<string, string>> = {}): void {
    this.dropIn(name, keysAndValues({ active: 'yes', path: program(file), args: args.join(' '), ...keys }))
  }

  /** A drop-in of ours, as it stands. */
  dropIn(name: string, text: string): void {
    this.write(`ours/audispd.d/${name}.conf`, text)
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text, { mode: PRIVATE, encoding: 'latin1' })
  }

  /** What has been written to a file so far, each byte as one character; empty when there is none. */
  read(name: string): string {
    try {
      return readFileSync(this.path(name), 'latin1')
    } catch {
      // ENOENT: nobody has written it yet.
      return ''
    }
  }

  #directory(name: string): string {
    mkdirSync(this.path(name))
    return this.path(name)
  }
}

export function keysAndValues(keys: Readonly<Record<string, string | number>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')
}

/** A program beside the fixtures. */
export function program(name: string): string {
  return join(PROGRAMS, name)
}
