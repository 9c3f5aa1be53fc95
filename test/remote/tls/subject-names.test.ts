import { test } from 'tap'
import { principalIn, subjectNames } from '../../../src/remote/tls/subject-names.js'

const of = (subjectAltName: string | undefined) => principalIn({ subjectAltName })

void test('whose certificate it is', (t) => {
  const named: readonly (readonly [altNames: string, principal: string])[] = [
    ['URI:audit://example/web1', 'audit://example/web1'],
    ['DNS:web1.example.org, URI:audit://example/web1', 'audit://example/web1'],
    ['DNS:Web1.Example.org, DNS:other', 'web1.example.org'],
    ['URI:https://example.org/x, DNS:web1', 'web1'],
    ['IP Address:192.0.2.1, DNS:web1', 'web1'],
  ]
  for (const [altNames, principal] of named) t.equal(of(altNames), principal, altNames)
  t.end()
})

void test('certificates that are nobody’s', (t) => {
  const unnamed = [
    undefined,
    '',
    'IP Address:192.0.2.1',
    'email:root@example.org',
    'URI:audit://example/web1, URI:audit://example/web2',
    'DNS:*.example.org',
    'URI:audit://example/',
    'URI:audit://example/a/b',
    'URI:audit:///web1',
    'URI:https://example/web1',
    `URI:audit://example/${'x'.repeat(200)}`,
  ]
  for (const altNames of unnamed) t.equal(of(altNames), undefined, altNames ?? 'none at all')
  t.end()
})

void test('a name that holds what looks like another', (t) => {
  t.equal(of('URI:"audit://example/a, URI:audit://example/web1"'), undefined)
  t.equal(of('DNS:"a, DNS:web1"'), undefined, 'a blank is in no name')
  t.equal(of('othername:"URI:audit://example/web1", DNS:web2'), 'web2')
  t.equal(of('DirName:"CN = x\\u002c URI:audit://example/web1", DNS:web2'), 'web2')
  t.same(subjectNames({ subjectAltName: 'DNS:A, IP Address:1.2.3.4, IP Address:0:0:0:0:0:0:0:1' }), {
    auditUris: [],
    dnsNames: ['a'],
    addresses: ['1.2.3.4', '0:0:0:0:0:0:0:1'],
  })
  t.end()
})
