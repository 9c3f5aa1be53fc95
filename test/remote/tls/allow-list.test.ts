import { test } from 'tap'
import { formatProblem } from '../../../src/config.js'
import { ALLOW_ALL, readAllowList } from '../../../src/remote/tls/allow-list.js'

const NONE = { aliases: [], bytesPerS: undefined, recordsPerS: undefined, journalBytes: undefined, weight: 1 }

function read(text: string) {
  const { list, problems } = readAllowList(Buffer.from(text), 'f')
  return { list, said: problems.map(formatProblem) }
}

void test('who may send', (t) => {
  const { list, said } = read(`
# senders
audit://example/web1
web2.example.org   bytes_per_s=1M records_per_s=1000 journal_bytes=10G weight=3   # fast
audit://example/web3 alias=audit://example/web03,web3.example.org ALIAS=web3
audit://example/web4 revoked
audit://example/web5 alias=web5 Revoked bytes_per_s=1K
`)
  t.same(said, [])
  t.same(list?.judge('audit://example/web1'), {
    kind: 'allowed',
    sender: { principal: 'audit://example/web1', ...NONE },
    line: 3,
  })
  t.match(list?.judge('web2.example.org'), {
    sender: { bytesPerS: 1024 ** 2, recordsPerS: 1000, journalBytes: 10 * 1024 ** 3, weight: 3 },
  })
  for (const name of ['audit://example/web3', 'audit://example/web03', 'web3.example.org', 'web3'])
    t.match(list?.judge(name), { kind: 'allowed', sender: { principal: 'audit://example/web3' } }, `${name} is web3`)
  for (const name of ['audit://example/web4', 'audit://example/web5', 'web5'])
    t.match(list?.judge(name), { kind: 'revoked' }, name)
  for (const name of ['', 'web1', 'audit://example/WEB1', 'audit://example/web', 'revoked', 'toString', '__proto__'])
    t.match(list?.judge(name), { kind: 'unknown' }, name)
  t.same(read('').list?.judge('x'), { kind: 'unknown' }, 'an empty list lets in nobody')
  t.same(ALLOW_ALL.judge('x'), { kind: 'allowed', sender: { principal: 'x', ...NONE } })
  t.end()
})

void test('several relays may have any node, and nobody comes in by that', (t) => {
  const { list, said } = read('relay1 alias=*\nrelay2 alias=relay-two,*\n')
  t.same(said, [])
  t.match(list?.judge('relay2'), { kind: 'allowed', sender: { aliases: ['relay-two', '*'] } })
  t.same(list?.judge('*'), { kind: 'unknown' })
  t.end()
})

void test('all mistakes of a list at once, and then there is none', (t) => {
  const { list, said } = read(
    `web1 revokd
web1
web2 weight=0 bytes_per_s=x
a=b
web3 alias=web1
web4 alias=,
web5 alias=${Array.from({ length: 17 }, (_, at) => `n${at}`).join()}
web6 weight
w\u00e4b
${'x'.repeat(256)}
`,
  )
  t.equal(list, undefined)
  const bad = (name: string) =>
    `'${name}' is no name of a sender: 1 to 255 ASCII characters without a blank or =, such as audit://example/web1`
  t.same(said, [
    "f:1: 'revokd' is not alias=, bytes_per_s=, records_per_s=, journal_bytes=, weight=, revoked (did you mean 'revoked'?)",
    "f:2: 'web1' is on line 1 already",
    "f:3: weight: '0' is not a whole number from 1 to 1000",
    "f:3: bytes_per_s: 'x' is not a size from 1 to 1024G, such as 65536 or 64M",
    `f:4: ${bad('a=b')}`,
    "f:5: 'web1' is on line 1 already",
    `f:6: alias: ${bad('')}`,
    `f:6: alias: ${bad('')}`,
    "f:6: '' is on line 6 already",
    'f:7: alias: 17 names; 16 are the most',
    "f:8: 'weight' is not alias=, bytes_per_s=, records_per_s=, journal_bytes=, weight=, revoked (did you mean 'weight='?)",
    `f:9: ${bad('w\u00e4b')}`,
    `f:10: ${bad('x'.repeat(256))}`,
  ])
  t.end()
})
