import { test } from 'tap'
import { CERTIFICATE_CHECKS } from '../../../src/ctl/doctor/certificates.js'
import { CHECKED, checkReport, complaints, dropIn, NOW_MS, remoteStatus, STREAM_DIR, type Illness } from './patient.js'

const DAY_MS = 86_400_000
const CERT = '/etc/audispd/remote/cert.pem'
const KEY = '/etc/audispd/remote/key.pem'
/** Of audit://test/here, from 2026-11-22 to 2027-11-22. */
const PEM = `-----BEGIN CERTIFICATE-----
MIIB1zCCAX6gAwIBAgIUMG9lOxmSi7sLGUJ22VoDXLCYmpUwCgYIKoZIzj0EAwIw
IjEgMB4GA1UEAwwXYXVkaXQgYXV0aG9yaXR5IG9mIHRlc3QwHhcNMjYxMTIyMTAy
NjI1WhcNMjcxMTIyMTEyNjI1WjAPMQ0wCwYDVQQDDARoZXJlMFkwEwYHKoZIzj0C
AQYIKoZIzj0DAQcDQgAEez2cHMXs6e6P5O/BbrOY+QUXHLUIKClo8Dmk1O2YWHzo
WLkeHRq6Yv3mBzsqqXhjy3Wfj7jXdjDDJSPkzKkHgKOBpDCBoTAMBgNVHRMBAf8E
AjAAMA4GA1UdDwEB/wQEAwIHgDAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUH
AwIwHQYDVR0OBBYEFFMzS70YqroUvbDaYeIq8SfNJMwJMB8GA1UdIwQYMBaAFLsK
+4GMG1zp9vtubZ9VPRSsAdySMCIGA1UdEQQbMBmGEWF1ZGl0Oi8vdGVzdC9oZXJl
ggRoZXJlMAoGCCqGSM49BAMCA0cAMEQCIHodlP2xLEI/Wdg8LvVRjH2036Xca2NH
t3vnHSY7fpJ0AiB89on5pScmvF82YuNeRoNgNFrod8sXw5YajKyM+8xk5Q==
-----END CERTIFICATE-----
`
const END_MS = Date.parse('2027-11-22T11:26:25Z')

function at(nowMs: number, file = CERT, more: Illness = {}): Illness {
  return { ...more, files: { [file]: PEM, ...more.files }, world: { nowMs: () => nowMs } }
}

async function said(illness: Illness): Promise<string[]> {
  return complaints(CERTIFICATE_CHECKS, illness)
}

void test('how long a certificate is good', async (t) => {
  t.same(await said(at(END_MS - 31 * DAY_MS)), [])
  t.match(await said(at(END_MS - 29 * DAY_MS)), [
    /^warn remote\.certificates: .*cert\.pem ends in 29d -> audispctl cert renew CA_DIR here --install && audispctl reload$/,
  ])
  t.match(await said(at(END_MS - 8 * DAY_MS)), [/^warn /])
  t.match(await said(at(END_MS - 3 * DAY_MS)), [/^fail remote\.certificates: .* ends in 3d /])
  t.match(await said(at(END_MS + DAY_MS)), [/^fail remote\.certificates: .* has ended 1d ago /])
  t.match(await said(at(NOW_MS - DAY_MS)), [/^fail remote\.certificates: .* begins in .* -> date; timedatectl/])
})

void test("the authority's, from which all others have to come anew", async (t) => {
  const found = await said(at(END_MS - 3 * DAY_MS, '/etc/audispd/remote/ca.pem'))
  t.match(found, [/^fail remote\.certificates: .*ca\.pem ends in 3d -> audispctl cert ca NEW_CA_DIR/])
})

void test("a peer's, as it was last seen", async (t) => {
  const certificate = { name: 'audit://test/co\u001bllector', endMs: NOW_MS + 3 * DAY_MS }
  const files = { [`${STREAM_DIR}/status.json`]: remoteStatus({ certificate }) }
  t.match(await said({ files }), [/^fail remote\.certificates: .*co\\x1bllector, the other end ends in 3d /])
})

void test('the files that the configuration names, and only where TLS is spoken', async (t) => {
  const late = END_MS - DAY_MS
  const conf = (text: string): Illness => ({ files: { '/etc/audispd/remote-send.conf': text } })
  t.equal((await said(at(late, '/my.pem', conf('tls_cert = /my.pem\n')))).length, 1)
  t.same(await said(at(late, CERT, conf('tls_cert = /my.pem\n'))), [])
  t.same(await said(at(late, CERT, conf('transport = tcp\ninsecure = yes\n'))), [])
  const syslog = dropIn('syslog', '/usr/sbin/audispd-syslog', ['/etc/audispd/syslog.conf'])
  const programs = { '/usr/sbin/audispd': checkReport([...CHECKED.slice(0, 1), syslog]) }
  const tls = { '/etc/audispd/syslog.conf': `server = tls://x\ntls_ca = ${CERT}\n` }
  t.equal((await said(at(late, CERT, { programs, files: tls }))).length, 1)
  t.same(await said(at(late, CERT, { programs, files: { '/etc/audispd/syslog.conf': '' } })), [])
})

void test('what is no certificate is for the plugin to tell of', async (t) => {
  t.same(await said({ files: { [CERT]: 'no PEM' } }), [])
})

void test('a key that others may read', async (t) => {
  t.match(await said({ files: { [KEY]: { mode: 0o100_640 } } }), [
    /^fail remote\.keys: .*key\.pem: .*mode 0640\) -> chmod 0400 \/etc\/audispd\/remote\/key\.pem$/,
  ])
  t.same(await said({ files: { [KEY]: { mode: 0o100_400 } } }), [])
})
