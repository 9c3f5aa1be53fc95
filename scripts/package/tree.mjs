// The program as it is installed, wherever that is: compiled afresh, as what is built in build may be of files long gone, with the
// packages that it needs to run.
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { copy, PACKAGE, run, write } from './place.mjs'

/** Of the repository, beside what is built. */
const PARTS = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'contrib',
  'docs',
  'etc',
  'examples',
  'man',
  'share',
]
/** Of a package: its code, what describes it, and its licence. */
const WANTED = /(?:\.(?:c?js|mjs|json|node)|(?:^|\/)(?:LICEN[CS]E|NOTICE|COPYING)[^/]*)$/i
const UNWANTED =
  /(?:^|\/)(?:\.[^/]+|tests?|docs?|examples?|benchmarks?|bench|scripts|obj\.target|tsconfig\.json|(?:bin|test|bench|[^/]*\.(?:config|test))\.[cm]?js)(?:\/|$)/
/**
 * npm takes a second for each list.
 * @type {Map<string, string>}
 */
const LISTED = new Map()
/** What a package brings as programs is not run. */
const MODULE_MODE = 0o644
/** The prefix that npm installs into has Node beside lib/node_modules/audispd/build/bin, if it is the one that npm runs on. */
const NODE_OF_NPM = '$here/../../../../../bin/node'

/** Lays it out below `work`, and gives the directory. */
export function programTree(work, version) {
  const tree = join(work, 'tree')
  for (const part of PARTS) if (existsSync(part)) copy(part, join(tree, part))
  run('node_modules/.bin/tsc', ['-p', 'packaging/tsconfig.json', '--outDir', join(tree, 'build')])
  launchers(tree, NODE_OF_NPM)
  const bundled = packages(['--omit=optional'])
  for (const path of bundled) copyPackage(path, tree)
  write(join(tree, 'package.json'), `${JSON.stringify(manifest(version), undefined, 2)}\n`)
  return tree
}

export function launchers(tree, node) {
  run(process.execPath, ['scripts/launchers.mjs', '--out', join(tree, 'build/bin'), '--node', node])
}

/** node_modules/NAME of each package that is needed to run. */
export function packages(omit) {
  const args = ['ls', '--omit=dev', ...omit, '--all', '--parseable']
  const found = LISTED.get(args.join()) ?? run('npm', args)
  LISTED.set(args.join(), found)
  const paths = found.split('\n').map((path) => relative(resolve(), path))
  return [...new Set(paths)]
    .filter((path) => path.startsWith('node_modules/') && existsSync(path))
    .toSorted((a, b) => (a < b ? -1 : 1))
}

/** Without what it brings for those who work on it. */
export function copyPackage(path, to) {
  const isWanted = (file) => WANTED.test(file) && !UNWANTED.test(file) && !file.startsWith('node_modules/')
  copy(path, join(to, path), isWanted, () => MODULE_MODE)
}

/** With its packages in it, so that no registry is needed to install it. */
function manifest(version) {
  const { devDependencies: _dev, scripts: _scripts, ...kept } = PACKAGE
  const man = readdirSync('man').map((name) => `man/${name}`)
  const files = [...kept.files.filter((path) => !path.startsWith('build/')), 'build']
  return { ...kept, version, files, man, bundleDependencies: Object.keys(kept.dependencies) }
}
