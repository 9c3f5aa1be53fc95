// The Debian package: the same bytes each time, what is in it, what lintian says, and its bill of materials.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ARCHITECTURE, DEB, OUT, outputOf, scene, VERSION } from './built.js'

const NAME = `audispd_${VERSION}_${ARCHITECTURE}.deb`
const LINTIAN = '/usr/bin/lintian'
const FOR_DEVELOPERS =
  /\.map$|\.tsbuildinfo$|\/app\/(?:build\/test|docs)\/|\/node_modules\/(?:.*\/)?(?:tests?|docs?|\.[^/]*)\/|node_modules.*\.(?:md|ts|h|cc)$/

function unpacked(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-deb-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  outputOf('dpkg-deb', ['--raw-extract', DEB, dir])
  return dir
}

scene('two builds are the same to the byte', (t) => {
  for (const name of [NAME, `audispd-${VERSION}.tgz`, `audispd-${VERSION}.cdx.json`]) {
    t.ok(readFileSync(`${OUT}/${name}`).equals(readFileSync(`${OUT}/again/${name}`)), name)
  }
  t.end()
})

scene('what is in the package', (t) => {
  const dir = unpacked(t)
  const files = outputOf('find', [dir, '!', '-type', 'd', '-printf', '/%P\n']).trim().split('\n').sort()
  t.comment(`${NAME}: ${statSync(DEB).size} bytes, ${files.length} files`)
  t.same(
    files.filter((file) => FOR_DEVELOPERS.test(file)),
    [],
  )
  t.ok(files.includes('/usr/share/bash-completion/completions/audispctl'))
  const conffiles = readFileSync(join(dir, 'DEBIAN/conffiles'), 'utf8').trim().split('\n')
  t.same(
    conffiles.sort(),
    files.filter((file) => file.startsWith('/etc/')),
    "what is in /etc is the admin's",
  )
  for (const file of conffiles.filter((path) => path.includes('/audispd.d/'))) {
    const text = readFileSync(join(dir, file), 'utf8')
    t.match(text, /^active = no$/m, file)
    const [, program = ''] = /^path = (.*)$/m.exec(text) ?? []
    t.ok(files.includes(program), `${file}: ${program}`)
  }
  for (const file of files.filter((path) => path.startsWith('/usr/sbin/'))) {
    const manual = `/usr/share/man/man8/${file.slice('/usr/sbin/'.length)}.8.gz`
    t.ok(files.includes(manual), manual)
    t.ok(existsSync(join(dir, file)), `${file} leads to a program`)
  }
  const summed = outputOf('/bin/sh', [
    '-c',
    `cd "${dir}" && md5sum --check --quiet DEBIAN/md5sums && wc -l <DEBIAN/md5sums`,
  ])
  t.ok(Number(summed) > files.length / 2, 'sums of the files')
  t.end()
})

scene('the bill of materials says what runs', (t) => {
  const dir = unpacked(t)
  const inside = readFileSync(join(dir, 'usr/share/audispd/sbom.cdx.json'), 'utf8')
  t.equal(inside, readFileSync(`${OUT}/audispd-${VERSION}.cdx.json`, 'utf8'), 'the one beside the package')
  const node = createHash('sha256')
    .update(readFileSync(join(dir, 'usr/lib/audispd/runtime/node')))
    .digest('hex')
  t.ok(inside.includes(node), 'the very Node that is in it')
  const manifests = outputOf('find', [join(dir, 'usr/lib/audispd/app/node_modules'), '-name', 'package.json'])
  const packages = manifests
    .trim()
    .split('\n')
    .map((path) => readFileSync(path, 'utf8'))
  const named = packages.flatMap((text) => {
    const parsed: unknown = JSON.parse(text)
    const isPackage = typeof parsed === 'object' && parsed !== null && 'name' in parsed && 'version' in parsed
    return isPackage ? [`${String(parsed.name)}@${String(parsed.version)}`] : []
  })
  t.ok(named.length > 30)
  t.same(
    named.filter((each) => !inside.includes(`"bom-ref": "${each}"`)),
    [],
    'and every package',
  )
  t.end()
})

scene(
  'lintian finds no error',
  (t) => {
    const { stdout, stderr } = spawnSync(
      LINTIAN,
      ['--no-cfg', '--allow-root', '--show-overrides', '--fail-on', 'none', DEB],
      { encoding: 'utf8' },
    )
    for (const line of stdout.trim().split('\n')) t.comment(line)
    t.same(
      stdout.split('\n').filter((line) => line.startsWith('E:')),
      [],
      stderr,
    )
    t.match(stdout, /^O: audispd: embedded-library/m, 'it looked')
    t.end()
  },
  existsSync(LINTIAN) ? false : 'no lintian: scripts/install-peers.sh packages',
)
