// The bill of materials, CycloneDX: the npm packages that run, by `npm sbom`, and the Node that the Debian package carries, with what
// it is made of. It is the same for the same sources: npm's random number and its clock are replaced.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { run, sourceDate } from './place.mjs'
import { packages } from './tree.mjs'

const UUID_PARTS = /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/
/** Not parts of the program: interfaces and tables that have a version too. */
const NO_PARTS = new Set(['node', 'modules', 'napi', 'unicode', 'tz', 'cldr'])

export function billOfMaterials(runtime, version) {
  const bill = JSON.parse(run('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application']))
  const { bom, subject } = named(onlyWhatRuns(bill), version)
  const node = nodeComponent(runtime)
  bom.components.push(node)
  bom.dependencies.find(({ ref }) => ref === subject)?.dependsOn.push(node['bom-ref'])
  bom.metadata.timestamp = new Date(sourceDate() * 1000).toISOString()
  delete bom.serialNumber
  const digest = createHash('sha256').update(JSON.stringify(bom)).digest('hex')
  const serialNumber = `urn:uuid:${digest.replace(UUID_PARTS, '$1-$2-5$3-8$4-$5')}`
  return `${JSON.stringify({ ...bom, serialNumber }, undefined, 2)}\n`
}

/** `npm sbom --omit=dev` leaves out also what runs, if a package for development wants it too. */
function onlyWhatRuns(bill) {
  const running = packages([]).map((path) => {
    const { name, version } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'))
    return `${name}@${version}`
  })
  const kept = new Set([...running, bill.metadata.component['bom-ref']])
  const components = bill.components.filter((component) => kept.has(component['bom-ref']))
  const dependencies = bill.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }))
  return { ...bill, components, dependencies }
}

/** npm calls us by the name of the directory that we lie in, and knows no version but the one that is in package.json. */
function named(bill, version) {
  const own = bill.metadata.component['bom-ref']
  const subject = `audispd@${version}`
  const bom = JSON.parse(JSON.stringify(bill).replaceAll(JSON.stringify(own), JSON.stringify(subject)))
  Object.assign(bom.metadata.component, { name: 'audispd', version, purl: `pkg:npm/audispd@${version}` })
  return { bom, subject }
}

function nodeComponent({ file, version }) {
  const content = createHash('sha256').update(readFileSync(file)).digest('hex')
  const parts = Object.entries(process.versions).filter(([name]) => !NO_PARTS.has(name))
  return {
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    description: 'The runtime in the Debian package: /usr/lib/audispd/runtime/node',
    purl: `pkg:generic/node@${version}`,
    hashes: [{ alg: 'SHA-256', content }],
    licenses: [{ license: { id: 'MIT' } }],
    externalReferences: [{ type: 'vcs', url: 'https://github.com/nodejs/node' }],
    components: parts.map(([name, its]) => ({ 'bom-ref': `node/${name}@${its}`, type: 'library', name, version: its })),
  }
}
