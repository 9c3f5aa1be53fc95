// The copyright file of the Debian package, in Debian's machine-readable form: ours, Node's, and that of each npm package.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const HEAD = 'packaging/deb/copyright'
const LICENCE = /^(?:LICEN[CS]E|COPYING)/i
/** What Debian has itself is not repeated. */
const APACHE = /Apache License\s+Version 2\.0, January 2004/
const ON_DEBIAN = 'Licensed under the Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0'
const COPYRIGHT = /^.*(?:copyright|\(c\)|©).*\d{4}.*$/gim

/** `modules` are paths of packages as they lie in `app`. */
export function copyrightText(app, modules, runtime) {
  const head = readFileSync(HEAD, 'utf8')
  const node = stanza(
    'runtime/node',
    ['Node.js contributors, and those whom the licence names'],
    'Node.js',
    runtime.licence,
  )
  return [head.trimEnd(), node, ...modules.map((path) => packageStanza(app, path))].join('\n\n') + '\n'
}

function packageStanza(app, path) {
  const { name, license, author } = JSON.parse(readFileSync(join(app, path, 'package.json'), 'utf8'))
  const file = readdirSync(join(app, path)).find((entry) => LICENCE.test(entry))
  const found =
    file === undefined ? `As its package.json says: ${license}.` : readFileSync(join(app, path, file), 'utf8')
  const text = APACHE.test(found) ? ON_DEBIAN : found
  const named = [...text.matchAll(COPYRIGHT)].map(([line]) =>
    line.replace(/^[\s*]*(?:copyright)?\s*(?:\(c\)|©)?\s*/i, '').trim(),
  )
  const holder = typeof author === 'object' ? author.name : author
  const holders = named.length > 0 ? named : [holder ?? `the authors of ${name}`]
  return stanza(`app/${path}/*`, holders, license, text)
}

function stanza(path, holders, licence, text) {
  const body = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => (line.trim() === '' ? ' .' : ` ${line}`))
  return [
    `Files: usr/lib/audispd/${path}`,
    `Copyright: ${holders.join('\n           ')}`,
    // One name for one text: two packages with the same licence differ in whose it is.
    `License: ${licence} of ${path}`.replace(
      / of (.*)$/,
      (_all, own) => `-${own.replaceAll(/[^A-Za-z0-9.]+/g, '-').replace(/-$/, '')}`,
    ),
    ...body,
  ].join('\n')
}
