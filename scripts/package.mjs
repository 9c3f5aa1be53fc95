// Builds what is installed into build/packages: the npm tarball, the Debian package, and the bill of materials.
// Usage: package.mjs [--out DIR] [--version V] [--fast]
//
// The same sources, the same Node and the same node_modules make the same bytes: each time stamp is SOURCE_DATE_EPOCH, or that of the
// newest entry in packaging/deb/changelog. --fast compresses with gzip, which takes seconds where xz takes a minute.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildDeb } from './package/deb.mjs'
import { packNpm } from './package/npm.mjs'
import { PACKAGE } from './package/place.mjs'
import { takeRuntime } from './package/runtime.mjs'
import { billOfMaterials } from './package/sbom.mjs'
import { programTree } from './package/tree.mjs'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'build/packages' },
    version: { type: 'string', default: PACKAGE.version },
    fast: { type: 'boolean', default: false },
  },
})

// Directories get their modes by it.
process.umask(0o022)
const out = resolve(values.out)
const work = join(out, 'work')
rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const tree = programTree(work, values.version)
const runtime = takeRuntime(work)
const sbom = join(out, `audispd-${values.version}.cdx.json`)
writeFileSync(sbom, billOfMaterials(runtime, values.version))
const tarball = packNpm(tree, work, out, values.version)
const deb = buildDeb({ tree, runtime, work, out, version: values.version, sbom, isFast: values.fast })
rmSync(work, { recursive: true })
for (const path of [tarball, deb, sbom]) {
  process.stdout.write(`${String(statSync(path).size).padStart(9)} bytes  ${relative('', path)}\n`)
}
