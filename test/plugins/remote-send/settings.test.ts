import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { runId } from '../../../plugins/remote-send/run-id.js'
import { loadSettings } from '../../../plugins/remote-send/settings.js'
import { makeAuthority } from '../../remote/tls/authority.js'

void test('the files that a configuration names are read with it, and what is wrong with one is told', (t) => {
  const dir = t.testdir()
  const { ca, cert, key } = makeAuthority(dir).issue('web1', 'URI:audit://site/web1')
  const file = join(dir, 'remote-send.conf')
  writeFileSync(file, `server = agg1:6514\ntls_ca = ${ca}\ntls_cert = ${cert}\ntls_key = ${key}\n`, { mode: 0o600 })
  t.match(loadSettings(file, undefined), {
    settings: { credentials: { principal: 'audit://site/web1' } },
    problems: [],
  })
  chmodSync(key, 0o644)
  const { settings, problems } = loadSettings(file, undefined)
  t.equal(settings, undefined)
  t.match(problems, [{ level: 'error', file: key }])
  t.notOk(problems[0]?.text.includes(key), 'the file stands before the text')
  writeFileSync(file, 'server = 127.0.0.1\ntransport = tcp\n')
  t.match(loadSettings(file, undefined), {
    settings: { credentials: undefined, config: { servers: [{ port: 6514 }] } },
  })
  t.match(loadSettings(join(dir, 'none.conf'), undefined), {
    settings: undefined,
    problems: [{ text: 'does not exist' }],
  })
  t.end()
})

void test('a run of the dispatcher has 16 bytes, whatever it calls itself', (t) => {
  t.equal(runId('00112233-4455-6677-8899-AABBCCDDEEFF').toString('hex'), '00112233445566778899aabbccddeeff')
  const others = ['', 'a run', '00112233-4455-6677-8899-aabbccddeef'].map((run) => runId(run).toString('hex'))
  t.ok(others.every((id) => id.length === 32) && new Set(others).size === 3)
  t.end()
})
