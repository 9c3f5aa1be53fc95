// Tries what `npm run package` builds: what is in it, and its life on machines of its own. Usage: packages.mjs [case ...]
//
// Three packages are built before: two whose bytes must be the same, and one of a later version, for the upgrade; compressed in seconds,
// which is all that they differ in from what is released. The Debians that they are tried on are made meanwhile, or kept from a run before.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { runCases } from './cases.mjs'

const OUT = 'build/packages'
const LATER = '0.1.1'
const BUILDS = [
  ['--out', OUT, '--fast'],
  ['--out', `${OUT}/again`, '--fast'],
  ['--out', `${OUT}/later`, '--fast', '--version', LATER],
]

const began = Date.now()
rmSync(OUT, { recursive: true, force: true })
const machines = program(['build/test/packages/make-machines.js'], '022')
for (const [index, build] of BUILDS.entries()) {
  // Who builds, and where, must not matter.
  const [umask, env] = index === 1 ? ['077', { TZ: 'Pacific/Kiritimati', LC_ALL: 'C' }] : ['022', {}]
  if ((await program(['scripts/package.mjs', ...build], umask, env)) !== 0) process.exit(1)
}
// Without them the cases say what is missing.
await machines
process.stdout.write(`packages are built, ${Math.round((Date.now() - began) / 1000)} s\n`)
process.exit(await runCases({ suite: 'packages', asked: process.argv.slice(2) }))

function program(args, umask, env = {}) {
  const command = ['-c', `umask ${umask}; exec "$0" "$@"`, process.execPath, ...args]
  const stdio = ['ignore', 'inherit', 'inherit']
  const child = spawn('/bin/sh', command, { stdio, env: { ...process.env, ...env } })
  return new Promise((done) => child.once('close', (code) => done(code)))
}
