// The Node that the Debian package carries: the one that builds it, without its symbols.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { copy, run } from './place.mjs'

/** What every Debian has, or the package depends on. Debian's own Node needs thirty libraries more. */
const LIBRARIES = /^(?:lib(?:c|m|dl|pthread|rt|atomic|gcc_s|stdc\+\+)|ld-linux.*)\.so\.\d+$/
/** Beside bin/node: as nodejs.org packs it, and as Debian packages of it do. */
const LICENCES = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/node/LICENSE']

/** Its file below `work`, its version and its licence. */
export function takeRuntime(work) {
  const node = realpathSync(process.execPath)
  const needed = [...run('readelf', ['--dynamic', '--wide', node]).matchAll(/\(NEEDED\).*\[(.+)\]/g)]
  const foreign = needed.map(([, name]) => name).filter((name) => !LIBRARIES.test(name))
  if (foreign.length > 0) {
    throw new Error(`${node} needs ${foreign.join(', ')}, which a bare Debian has not: build with Node from nodejs.org`)
  }
  const prefix = dirname(dirname(node))
  const licence = LICENCES.map((name) => join(prefix, name)).find(existsSync)
  if (licence === undefined) throw new Error(`${node}: no licence of it in ${prefix}: the package must have one`)
  const file = join(work, 'runtime/node')
  copy(node, file)
  run('strip', ['--strip-unneeded', file])
  if (run(file, ['--version']) !== `${process.version}\n`) throw new Error(`${file} does not run`)
  return { file, origin: node, version: process.versions.node, licence: readFileSync(licence, 'utf8') }
}
