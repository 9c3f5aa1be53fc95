// What `npm run package` has built, and how its cases are asked for.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'

export const OUT = resolve('build/packages')
export const VERSION = /"version": "([^"]+)"/.exec(readFileSync('package.json', 'utf8'))?.[1] ?? ''
export const LATER = '0.1.1'
export const ARCHITECTURE = execFileSync('/usr/bin/dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
export const DEB = `${OUT}/audispd_${VERSION}_${ARCHITECTURE}.deb`
export const TARBALL = `${OUT}/audispd-${VERSION}.tgz`
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

// Each command has a deadline of its own.
t.setTimeout(0)

export function scene(name: string, run: (sub: Test) => void | Promise<void>, skip: string | false = false): void {
  void t.test(name, { timeout: 0, skip }, async (sub) => {
    await run(sub)
  })
}

/** Standard output of a program that has to end well. */
export function outputOf(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const path = process.env['PATH'] ?? ''
  return execFileSync(
    '/usr/bin/env',
    ['-i', `PATH=${path}`, ...Object.entries(env).map((pair) => pair.join('=')), program, ...args],
    {
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT_BYTES,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
}
