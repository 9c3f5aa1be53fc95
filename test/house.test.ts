// The rules of the house that no compiler and no linter holds: which way imports point, where each package lives, how files
// are named and how long they are.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'tap'

const MAX_LINES = 300
const SOURCES = ['src', 'plugins', 'test', 'bench']

/** What the protocol may know of Node: nothing that does or waits for anything. */
const PURE_MODULES = new Set(['node:buffer', 'node:os', 'node:string_decoder', 'node:util', 'node:zlib'])

/** Values of other rooms that the remote protocol is about. */
const PURE_NEIGHBOURS = new Set(['src/journal/block.ts', 'src/journal/entry.ts', 'src/journal/bytes.ts'])

/** Each package has one home. */
const HOMES: Readonly<Record<string, string>> = {
  'cli-table3': 'src/ctl/columns.ts',
  execa: 'src/dispatcher/child.ts',
  chokidar: 'src/dispatcher/drop-in-dir.ts',
  ini: 'src/config.ts',
  split2: 'src/dispatcher/stderr-reader.ts',
  pino: 'src/log.ts',
  'prom-client': 'plugins/metrics/exposition.ts',
  'unix-dgram': 'src/unix-datagram.ts',
}

/** The rooms, and which other rooms each may know. A file belongs to the first that it lies in. */
const ROOMS: readonly (readonly [room: string, paths: readonly string[], knows: readonly string[]])[] = [
  ['protocol', ['src/protocol/'], []],
  ['config', ['src/config.ts', 'src/config/'], ['protocol']],
  ['log', ['src/log.ts', 'src/log/', 'src/version.ts'], ['protocol']],
  [
    'program',
    [
      'src/no-debugger.ts',
      'src/plugin-program.ts',
      'src/socket-file.ts',
      'src/socket-listener.ts',
      'src/unix-datagram.ts',
      'src/unix-dgram.d.ts',
    ],
    ['config', 'log'],
  ],
  ['sdk', ['src/sdk/'], ['protocol', 'config', 'log']],
  ['show', ['src/show/'], ['protocol', 'sdk']],
  ['journal', ['src/journal/'], ['protocol', 'log']],
  ['remote', ['src/remote/'], ['protocol', 'config', 'log', 'journal']],
  ['control', ['src/control/'], ['protocol', 'config', 'log', 'program']],
  ['dispatcher', ['src/dispatcher/'], ['protocol', 'config', 'log', 'control']],
  [
    'ctl',
    ['src/ctl/'],
    ['protocol', 'config', 'log', 'program', 'control', 'dispatcher', 'journal', 'remote', 'main', 'sdk', 'show'],
  ],
  ['plugins', ['plugins/'], ['sdk', 'show', 'program', 'protocol', 'config', 'log', 'journal', 'remote']],
  ['main', ['src/'], ['protocol', 'config', 'log', 'program', 'control', 'dispatcher']],
]

interface Source {
  readonly path: string
  readonly text: string
  /** Paths of our own files, from the root of the repository, and names of modules. */
  readonly imports: readonly string[]
}

function sourcesIn(dir: string): Source[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return path === 'test/fixtures' ? [] : sourcesIn(path)
    if (!name.endsWith('.ts')) return []
    const text = readFileSync(path, 'utf8')
    return [{ path, text, imports: importsOf(path, text) }]
  })
}

/** Of import and export declarations, of types too, and of import(). */
function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found].map(([, from, bare, called]) => {
    const name = from ?? bare ?? called ?? ''
    return name.startsWith('.') ? normalize(join(dirname(path), name)).replace(/\.js$/, '.ts') : name
  })
}

function roomOf(path: string): string | undefined {
  return ROOMS.find(([, paths]) =>
    paths.some((each) => (each.endsWith('/') ? path.startsWith(each) : path === each)),
  )?.[0]
}

const ALL = SOURCES.flatMap(sourcesIn)
const PRODUCT = ALL.filter(({ path }) => path.startsWith('src/') || path.startsWith('plugins/'))

function mayImport(path: string, imported: string): boolean {
  const room = roomOf(path)
  const other = roomOf(imported)
  if (other === undefined) return true
  // A plugin is a program: it knows its own files and no other plugin's.
  if (other === 'plugins') return imported.startsWith(path.split('/').slice(0, 2).join('/') + '/')
  return other === room || ROOMS.some(([name, , knows]) => name === room && knows.includes(other))
}

/** `FILE imports WHAT` for every import of the product that is not allowed. */
function strayImports(isAllowed: (path: string, imported: string) => boolean): string[] {
  return PRODUCT.flatMap(({ path, imports }) =>
    imports.filter((imported) => !isAllowed(path, imported)).map((imported) => `${path} imports ${imported}`),
  )
}

void test('imports point one way', (t) => {
  t.ok(PRODUCT.length > 50 && PRODUCT.every(({ path }) => roomOf(path) !== undefined))
  t.same(strayImports(mayImport), [])
  t.end()
})

/** What only computes, so that tests can drive it through every order of events. */
const PURE_PATHS = /^src\/(?:protocol\/|remote\/(?:wire\/|rmw\/|sender-|receiver-))/

void test('the protocols are pure', (t) => {
  const isPure = (path: string, imported: string): boolean =>
    !PURE_PATHS.test(path) || PURE_PATHS.test(imported) || PURE_MODULES.has(imported) || PURE_NEIGHBOURS.has(imported)
  t.same(strayImports(isPure), [])
  t.end()
})

void test('each package has one home, and there are no others', (t) => {
  const isAtHome = (path: string, imported: string): boolean =>
    roomOf(imported) !== undefined || imported.startsWith('node:') || HOMES[imported] === path
  t.same(strayImports(isAtHome), [])
  const { dependencies, optionalDependencies } = readPackage()
  t.same(Object.keys({ ...dependencies, ...optionalDependencies }).toSorted(), Object.keys(HOMES).toSorted())
  for (const [name, home] of Object.entries(HOMES)) {
    t.ok(
      ALL.some(({ path, imports }) => path === home && imports.includes(name)),
      `${home} is the home of ${name}`,
    )
  }
  t.end()
})

void test('names, exports, sizes', (t) => {
  const isNamedRight =
    /^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)+[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|model|chaos|packages|d))?\.ts$/
  t.same(
    ALL.filter(({ path }) => !isNamedRight.test(path)).map(({ path }) => path),
    [],
    'kebab-case',
  )
  t.same(
    ALL.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path),
    [],
    'named exports only',
  )
  const long = PRODUCT.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES).map(({ path }) => path)
  t.same(long, [], `at most ${MAX_LINES} lines`)
  t.end()
})

void test('each test stands where its source stands', (t) => {
  const paths = new Set(ALL.map(({ path }) => path))
  const sources = ALL.filter(({ path }) =>
    /^test\/(?:protocol|config|control|dispatcher|ctl|sdk|show|remote)\/.*\.test\.ts$/.test(path),
  )
    .map(({ path }) => path.replace(/^test/, 'src').replace(/\.test\.ts$/, '.ts'))
    // What a whole stream comes to is tested by its kinds.
    .filter((source) => !source.startsWith('src/protocol/stream-'))
    // Delivery and acknowledgement are the work of several files together.
    .filter((source) => source !== 'src/dispatcher/delivery-model.ts')
  t.same(
    sources.filter((source) => !paths.has(source)),
    [],
  )
  t.end()
})

void test('one version', (t) => {
  const { version } = readPackage()
  t.match(version, /^\d+\.\d+\.\d+$/)
  const changelog = existsSync('CHANGELOG.md') ? readFileSync('CHANGELOG.md', 'utf8') : ''
  const headings = [...changelog.matchAll(/^## \[?([^\]\s]+)/gm)].map(([, name]) => name)
  const released = headings.filter((name) => name !== 'Unreleased')
  t.ok(released.length === 0 || released[0] === version, `the newest heading is ${released[0]}, the package ${version}`)
  t.ok(headings.indexOf('Unreleased') <= 0, 'Unreleased stands on top')
  t.end()
})

function readPackage(): {
  readonly version: string
  readonly dependencies: object
  readonly optionalDependencies: object
} {
  const parsed: unknown = JSON.parse(readFileSync('package.json', 'utf8'))
  if (typeof parsed !== 'object' || parsed === null) throw new Error('package.json is no object')
  const version = 'version' in parsed ? String(parsed.version) : ''
  const objectOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
  return {
    version,
    dependencies: objectOf('dependencies' in parsed ? parsed.dependencies : undefined),
    optionalDependencies: objectOf('optionalDependencies' in parsed ? parsed.optionalDependencies : undefined),
  }
}
