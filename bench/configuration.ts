import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PluginPlan } from './consumer.js'

/** Writes a configuration directory: audispd.conf with these lines, and a drop-in p1, p2, … for each plugin. */
export function writeConfiguration(
  dir: string,
  settings: readonly string[],
  dropIns: string,
  plugins: readonly PluginPlan[],
): void {
  mkdirSync(join(dir, dropIns), { recursive: true })
  writeFileSync(join(dir, 'audispd.conf'), asFile(settings))
  for (const [index, { program, format, direction = 'out', subscribe }] of plugins.entries()) {
    const args = program.args.length > 0 ? [`args = ${program.args.join(' ')}`] : []
    const selector = subscribe === undefined ? [] : [`subscribe = ${subscribe}`]
    const lines = ['active = yes', `direction = ${direction}`, `path = ${program.path}`, ...args, 'type = always']
    writeFileSync(join(dir, dropIns, `p${index + 1}.conf`), asFile([...lines, ...selector, `format = ${format}`]))
  }
}

function asFile(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
