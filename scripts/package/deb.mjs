// The Debian package: the program with its own Node, laid out as packaging/deb and packaging/systemd say.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { copyrightText } from './notices.mjs'
import { copy, filesBelow, PACKAGE, run, setTimes, sourceDate, write } from './place.mjs'
import { copyPackage, launchers, packages } from './tree.mjs'

const APP = 'usr/lib/audispd/app'
const RUNTIME = 'usr/lib/audispd/runtime/node'
const DOC = 'usr/share/doc/audispd'
const MANUALS = 'usr/share/man'
const UNITS = 'usr/lib/systemd/system'
const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm']
const { DEBFULLNAME = 'audispd', DEBEMAIL = 'audispd@localhost.localdomain' } = process.env
/** Whoever builds the package, as all of Debian's tools are told. */
const MAINTAINER = `${DEBFULLNAME} <${DEBEMAIL}>`
/** /etc/audispd says who is watched and where records go: no business of other users. */
const PRIVATE_MODE = 0o640
/** What is compiled when npm installs it, for the Node that we carry: so here it always loads. */
const NATIVE = 'node_modules/unix-dgram'
const NATIVE_FILE = `${NATIVE}/build/Release/unix_dgram.node`
/** Needed to compile that, and no more after. */
const ONLY_TO_COMPILE = 'node_modules/nan'
const KIB = 1024

export function buildDeb({ tree, runtime, work, out, version, sbom, isFast }) {
  const root = join(work, 'deb')
  layProgram(tree, runtime, root)
  layConfiguration(join(root, 'etc/audispd'))
  layManuals(tree, root)
  layDocuments({ tree, runtime, root, version, sbom })
  laySystem(root)
  layControl(root, version)
  setTimes(root, sourceDate())
  const architecture = run('dpkg', ['--print-architecture']).trim()
  const deb = join(out, `audispd_${version}_${architecture}.deb`)
  const compression = isFast ? ['-Zgzip', '-z1'] : ['-Zxz']
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate()) }
  run('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, deb], { env })
  return deb
}

function layProgram(tree, runtime, root) {
  const app = join(root, APP)
  copy(join(tree, 'build'), join(app, 'build'))
  copy(join(tree, 'share'), join(app, 'share'))
  copy(join(tree, 'package.json'), join(app, 'package.json'))
  for (const path of packages([]).filter((each) => each !== ONLY_TO_COMPILE)) copyPackage(path, app)
  // Their licences are in the copyright file.
  for (const path of filesBelow(join(app, 'node_modules'))) {
    if (/\/(?:LICEN[CS]E|COPYING|NOTICE)[^/]*$/i.test(path)) rmSync(join(app, 'node_modules', path))
  }
  if (!existsSync(join(app, NATIVE_FILE))) {
    throw new Error(`${NATIVE_FILE} is not there: npm rebuild unix-dgram, with a compiler, make and Python`)
  }
  run('strip', ['--strip-unneeded', join(app, NATIVE_FILE)])
  launchers(app, `/${RUNTIME}`)
  mkdirSync(join(root, 'usr/sbin'), { recursive: true })
  for (const name of readdirSync(join(app, 'build/bin'))) {
    symlinkSync(join('../lib/audispd/app/build/bin', name), join(root, 'usr/sbin', name))
  }
  copy(runtime.file, join(root, RUNTIME))
  // Where other packages put their drop-ins.
  mkdirSync(join(root, 'usr/lib/audispd/audispd.d'), { recursive: true })
}

/** The drop-ins name programs where the package has them. */
function layConfiguration(to) {
  for (const path of filesBelow('etc')) {
    const text = readFileSync(join('etc', path), 'utf8')
      .replace(/^# In \/etc\/audispd\/audispd\.d an absolute path.*\n/m, '')
      .replace(/^path = \.\.\/\.\.\/build\/bin\//m, 'path = /usr/sbin/')
    write(join(to, path), text, PRIVATE_MODE)
  }
}

function layManuals(tree, root) {
  for (const name of readdirSync(join(tree, 'man'))) {
    const to = join(root, MANUALS, `man${name.at(-1)}`, `${name}.gz`)
    write(to, zipped(readFileSync(join(tree, 'man', name))))
  }
}

function layDocuments({ tree, runtime, root, version, sbom }) {
  const doc = join(root, DOC)
  const app = join(root, APP)
  const modules = packages([]).filter((path) => path !== ONLY_TO_COMPILE)
  // The copies that still have their licences.
  write(join(doc, 'copyright'), copyrightText(resolve(), modules, runtime))
  write(join(doc, 'changelog.gz'), zipped(changelog(version)))
  write(join(doc, 'NEWS.md.gz'), zipped(readFileSync(join(tree, 'CHANGELOG.md'))))
  copy(join(tree, 'README.md'), join(doc, 'README.md'))
  copy(join(tree, 'docs'), join(doc, 'docs'))
  copy(join(tree, 'examples'), join(doc, 'examples'))
  copy('packaging/systemd/auditd.service.d', join(doc, 'examples/auditd.service.d'))
  if (existsSync(join(tree, 'contrib'))) copy(join(tree, 'contrib'), join(doc, 'contrib'))
  copy(sbom, join(root, 'usr/share/audispd/sbom.cdx.json'))
  const completion = run(process.execPath, [join(app, 'build/src/ctl/main.js'), 'completion', 'bash'])
  write(join(root, 'usr/share/bash-completion/completions/audispctl'), completion)
}

function laySystem(root) {
  copy('packaging/systemd/audispd-collector.service', join(root, UNITS, 'audispd-collector.service'))
  copy('packaging/systemd/sysusers.conf', join(root, 'usr/lib/sysusers.d/audispd.conf'))
  copy('packaging/systemd/tmpfiles.conf', join(root, 'usr/lib/tmpfiles.d/audispd.conf'))
  copy('packaging/logrotate', join(root, 'etc/logrotate.d/audispd'))
  copy('packaging/deb/lintian-overrides', join(root, 'usr/share/lintian/overrides/audispd'))
}

function layControl(root, version) {
  const control = join(root, 'DEBIAN')
  const files = filesBelow(root).filter((path) => !statSync(join(root, path)).isDirectory())
  const words = {
    MAINTAINER,
    VERSION: version,
    ARCHITECTURE: run('dpkg', ['--print-architecture']).trim(),
    INSTALLED_SIZE: Math.ceil(files.reduce((sum, path) => sum + statSync(join(root, path)).size, 0) / KIB),
    SHLIBS: librariesNeeded(root),
  }
  const template = readFileSync('packaging/deb/control', 'utf8')
  write(
    join(control, 'control'),
    template.replaceAll(/@([A-Z_]+)@/g, (_all, word) => words[word]),
  )
  for (const name of SCRIPTS.filter((each) => existsSync(join('packaging/deb', each)))) {
    write(join(control, name), readFileSync(join('packaging/deb', name)), 0o755)
  }
  const conffiles = files.filter((path) => path.startsWith('etc/'))
  write(join(control, 'conffiles'), conffiles.map((path) => `/${path}\n`).join(''))
  const summed = files.filter((path) => !path.startsWith('etc/') && !path.startsWith('usr/sbin/'))
  const sum = (path) =>
    createHash('md5')
      .update(readFileSync(join(root, path)))
      .digest('hex')
  write(join(control, 'md5sums'), summed.map((path) => `${sum(path)}  ${path}\n`).join(''))
}

/** dpkg-shlibdeps wants to find a source package around it. */
function librariesNeeded(root) {
  const dir = join(root, '../shlibs')
  write(join(dir, 'debian/control'), 'Source: audispd\n\nPackage: audispd\nArchitecture: any\n')
  const programs = [RUNTIME, join(APP, NATIVE_FILE)].map((path) => join(root, path))
  const found = run('dpkg-shlibdeps', ['-O', ...programs], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const [, depends] = /^shlibs:Depends=(.*)$/m.exec(found) ?? []
  if (depends === undefined) throw new Error(`dpkg-shlibdeps said nothing of ${basename(RUNTIME)}: ${found}`)
  return depends
}

/** The newest entry is that of the version being built, which is another one where an upgrade is tried. */
function changelog(version) {
  const entries = readFileSync('packaging/deb/changelog', 'utf8').replace(`(${PACKAGE.version})`, `(${version})`)
  return entries.replace('@MAINTAINER@', MAINTAINER)
}

/** Without name and time, as `gzip -9n`. */
function zipped(bytes) {
  const packed = gzipSync(bytes, { level: 9 })
  packed.writeUInt32LE(0, 4)
  return packed
}
