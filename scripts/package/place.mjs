// Where the parts of the packages come from, and how they are copied: with times and modes that do not depend on who builds.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

export const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8'))

const CHANGELOG = 'packaging/deb/changelog'
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const PLAIN = 0o644
const PROGRAM = 0o755
const EXECUTABLE = 0o111

/** Standard output of a program that must end well. */
export function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    ...options,
  })
  if (status === 0) return stdout
  throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}\n${stdout}${stderr}`)
}

/** All files below a directory, by paths from there, sorted. Links count as files. */
export function filesBelow(dir, from = '') {
  return readdirSync(join(dir, from), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(from, entry.name)
      return entry.isDirectory() ? filesBelow(dir, path) : [path]
    })
}

/** Copies a file, or the files of a directory that are wanted. */
export function copy(from, to, isWanted = () => true, modeOf = ownMode) {
  const isFile = !statSync(from).isDirectory()
  const names = isFile ? [''] : filesBelow(from).filter(isWanted)
  for (const name of names) copyOne(join(from, name), join(to, name), modeOf)
}

export function write(path, content, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, mode)
}

/** Seconds since 1970. */
export function sourceDate() {
  const { SOURCE_DATE_EPOCH: given } = process.env
  if (given !== undefined && /^\d+$/.test(given)) return Number(given)
  const [, newest] = /^ -- .*? {2}(.+)$/m.exec(readFileSync(CHANGELOG, 'utf8')) ?? []
  return Date.parse(newest) / 1000
}

/** Gives everything below a directory, and itself, one time. */
export function setTimes(dir, seconds) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) setTimes(path, seconds)
    else lutimesSync(path, seconds, seconds)
  }
  lutimesSync(dir, seconds, seconds)
}

function copyOne(from, to, modeOf) {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
  chmodSync(to, modeOf(from))
}

function ownMode(path) {
  return (lstatSync(path).mode & EXECUTABLE) === 0 ? PLAIN : PROGRAM
}
