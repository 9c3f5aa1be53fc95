import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { readPsk } from '../../../src/remote/tls/psk-file.js'
import { readPublic, readSecret } from '../../../src/remote/tls/secret-file.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const KEY = '0f'.repeat(32)

void test('a secret is read when nobody else can', (t) => {
  const file = join(t.testdir({ key: 'secret' }), 'key')
  for (const mode of [0o400, 0o600, 0o500]) {
    chmodSync(file, mode)
    t.equal(readSecret(file).toString(), 'secret', mode.toString(8))
  }
  t.end()
})

void test('a secret that others could have read or written is refused', (t) => {
  const dir = t.testdir({ key: 'secret', directory: {}, huge: 'x'.repeat(65_537) })
  const file = join(dir, 'key')
  for (const mode of [0o440, 0o420, 0o404, 0o402, 0o644, 0o410]) {
    chmodSync(file, mode)
    t.throws(
      () => readSecret(file),
      { code: 'untrusted', file, message: /others than its owner may read or write it \(chmod 0400\)$/ },
      mode.toString(8),
    )
  }
  chmodSync(file, 0o400)
  symlinkSync(file, join(dir, 'link'))
  t.throws(() => readSecret(join(dir, 'link')), { code: 'untrusted', message: /is a symbolic link/ })
  t.throws(() => readSecret(join(dir, 'directory')), { code: 'untrusted', message: /is not a regular file/ })
  execFileSync('/usr/bin/mkfifo', ['-m', '600', join(dir, 'fifo')])
  t.throws(
    () => readSecret(join(dir, 'fifo')),
    { code: 'untrusted', message: /is not a regular file/ },
    'and nobody waits for its writer',
  )
  t.throws(() => readSecret(join(dir, 'absent')), {
    code: 'unreadable',
    message: /absent: cannot be read: no such file or directory$/,
  })
  chmodSync(join(dir, 'huge'), 0o400)
  t.throws(() => readSecret(join(dir, 'huge')), {
    code: 'unusable',
    message: /has more than 65536 bytes: this is no key$/,
  })
  t.end()
})

void test(
  "somebody else's secret",
  { skip: process.geteuid?.() === 0 ? false : 'only root can give files away' },
  (t) => {
    const file = join(t.testdir({ key: 'secret' }), 'key')
    chmodSync(file, 0o400)
    chownSync(file, 12_345, 0)
    t.throws(() => readSecret(file), {
      code: 'untrusted',
      message: /belongs to user 12345; a secret belongs to root \(chown root\)$/,
    })
    t.end()
  },
)

void test('what anybody may read, but not write', (t) => {
  t.equal(readPublic('/ca', fakeDisk({ '/ca': 'text' })).toString(), 'text')
  t.throws(() => readPublic('/ca', fakeDisk({})), { code: 'unreadable', message: '/ca: does not exist' })
  t.throws(() => readPublic('/ca', fakeDisk({ '/ca': { fault: 'EACCES' } })), {
    code: 'unreadable',
    message: '/ca: cannot be read: permission denied',
  })
  t.throws(() => readPublic('/ca', fakeDisk({ '/ca': { mode: 0o666 } })), {
    code: 'untrusted',
    message: '/ca: everybody may write it (chmod o-w)',
  })
  t.end()
})

void test('keys that two ends share', (t) => {
  const dir = t.testdir()
  const file = join(dir, 'key')
  const read = (text: string): Buffer => {
    writeFileSync(file, text, { mode: 0o600 })
    return readPsk(file)
  }
  t.same(read(KEY), Buffer.from(KEY, 'hex'))
  t.same(read(`${KEY.toUpperCase()}\r\nwhat follows does not matter`), Buffer.from(KEY, 'hex'))
  t.equal(read('ab'.repeat(255)).length, 255)
  for (const bad of ['', '\n', `${KEY}0`, `0x${KEY}`, 'secret words', `${KEY} ${KEY}`]) {
    t.throws(() => read(bad), {
      code: 'unusable',
      message: /the first line is not a key in hexadecimal digits; make one: openssl rand -hex 32$/,
    })
  }
  t.throws(() => read('ab'.repeat(31)), { message: /the key has 31 bytes; 32 to 255 are right/ })
  t.throws(() => read('ab'.repeat(256)), { message: /the key has 256 bytes/ })
  try {
    read('not the key but a passphrase')
  } catch (error) {
    t.notMatch(String(error), /passphrase/, 'what stands there is never repeated')
  }
  t.end()
})
