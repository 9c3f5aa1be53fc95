import { TLSSocket } from 'node:tls'
import { Socket } from 'node:net'
import { test } from 'tap'
import { handshakeFault } from '../../../src/remote/tls/handshake-fault.js'

function coded(code: string, message = 'as OpenSSL says it'): Error {
  return Object.assign(new Error(message), { code })
}

void test('reasons in words', (t) => {
  const cases: readonly (readonly [code: string, text: RegExp])[] = [
    ['CERT_HAS_EXPIRED', /^its certificate has ended, or the clock here is ahead$/],
    ['CERT_NOT_YET_VALID', /^its certificate begins in the future: the clock/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /^its certificate is not signed by our authority/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /^its certificate is not signed by our authority/],
    ['ERR_SSL_BINDER_DOES_NOT_VERIFY', /^it has the identity, but another key$/],
    ['ECONNRESET', /^it broke off the handshake; its own log says why$/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /^as OpenSSL says it$/],
    ['toString', /^as OpenSSL says it$/],
  ]
  for (const [code, text] of cases) t.match(handshakeFault(coded(code)), { code, text }, code)
  t.same(handshakeFault(new Error('what?')), { code: 'unknown', text: 'what?' })
  t.end()
})

void test('the reason that Node keeps in the socket counts more than the error that it gives', (t) => {
  const socket = new TLSSocket(new Socket())
  t.teardown(() => socket.destroy())
  t.match(handshakeFault(coded('ECONNRESET'), socket), { code: 'ECONNRESET' }, 'there is none yet')
  Object.assign(socket, { authorizationError: 'CERT_REVOKED' })
  t.same(handshakeFault(coded('ECONNRESET'), socket), { code: 'CERT_REVOKED', text: 'its certificate is revoked' })
  t.end()
})
