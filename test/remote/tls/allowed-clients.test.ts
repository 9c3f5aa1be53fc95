import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { readAllowedClients } from '../../../src/remote/tls/allowed-clients.js'

const SHARED = Buffer.alloc(32, 7)

void test('a list with a key for each', (t) => {
  const dir = t.testdir()
  for (const [name, byte] of [
    ['a', '0a'],
    ['b', '0b'],
    ['same', '0a'],
  ] as const)
    writeFileSync(join(dir, name), byte.repeat(32), { mode: 0o400 })
  const read = (text: string) => readAllowedClients(Buffer.from(text), 'f', undefined)
  t.same(
    read(`# clients\nweb1 enabled key=${dir}/a\nweb2\tEnabled\tkey=${dir}/b since May\nweb3 disabled key=/absent\n`),
    new Map([
      ['web1', Buffer.alloc(32, 0x0a)],
      ['web2', Buffer.alloc(32, 0x0b)],
    ]),
  )
  const bad: readonly (readonly [text: string, said: RegExp])[] = [
    [
      `web1 enabled key=${dir}/a\nweb2 enabled key=${dir}/same`,
      /^f:2: 'web2' and 'web1' have the same key; each needs its own$/,
    ],
    [`web1 enabled key=${dir}/a\nweb2 disabled`, /^f:2: key= is missing, and others have one; all or none$/],
    [`web1 enabled key=${dir}/a\nweb1 disabled key=${dir}/b`, /^f:2: 'web1' stands there twice$/],
    ['web1 enabled key=a', /^f:1: key= needs an absolute path$/],
    ['web1 enabled key=/absent', /^\/absent: cannot be read/],
    ['web1', /^f:1: 'web1' must be enabled or disabled$/],
    ['web1 yes', /^f:1: 'web1' must be enabled or disabled$/],
    [`${'x'.repeat(256)} enabled`, /^f:1: an identity has 1 to 255/],
    [`web1 enabled ${'x'.repeat(510)}`, /^f:1: has 523 bytes; 510 are the most$/],
  ]
  for (const [text, said] of bad) t.throws(() => read(text), { name: 'CredentialError', message: said })
  t.end()
})

void test('a list without keys', (t) => {
  const read = (text: string, key: Buffer | undefined = SHARED) => readAllowedClients(Buffer.from(text), 'f', key)
  t.same(read('web1 enabled only one\nweb2 disabled'), new Map([['web1', SHARED]]))
  t.same(read('web1 disabled'), new Map())
  t.same(read(''), new Map())
  t.throws(() => read('web1 enabled\nweb2 enabled'), { message: /^f:2: a second enabled client needs key=/ })
  t.throws(() => readAllowedClients(Buffer.from('web1 enabled'), 'f', undefined), {
    message: /^f:1: 'web1' has no key: add key=\/PATH, or set tls_psk_file$/,
  })
  t.end()
})
