import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { formatProblem } from '../../../src/config.js'
import { readConfig } from '../../../plugins/syslog/config-file.js'
import { DEFAULT_CONFIG } from '../../../plugins/syslog/config.js'
import { configOfWords } from '../../../plugins/syslog/words.js'

function mistakes(text: string): string[] {
  return readConfig(text, 'f').problems.map(formatProblem)
}

void test('the shipped file has every key of the manual with its default, and no other', (t) => {
  const shipped = readFileSync('etc/syslog.conf', 'utf8')
  const { config, problems } = readConfig(shipped, 'etc/syslog.conf')
  t.same(problems, [])
  t.same(config, DEFAULT_CONFIG)
  const keys = [...shipped.matchAll(/^([a-z_]+) =/gm)].map(([, key]) => key)
  const manual = readFileSync('man/audispd-syslog.conf.5', 'utf8')
  const described = [...manual.matchAll(/^\.It Cm (\w+) No =/gm)].map(([, key]) => key)
  t.same(new Set(keys), new Set(described))
  t.same(readConfig('', 'f').config, DEFAULT_CONFIG)
  t.end()
})

void test('servers', (t) => {
  const servers = (text: string): unknown => readConfig(`server = ${text}\ntls_ca = /ca\n`, 'f').config?.servers
  t.same(servers('/dev/log'), [{ kind: 'local', path: '/dev/log' }])
  t.same(servers('udp://a, tcp://[::1]:99, TLS://c.example'), [
    { kind: 'udp', host: 'a', port: 514 },
    { kind: 'tcp', host: '::1', port: 99 },
    { kind: 'tls', host: 'c.example', port: 6514 },
  ])
  for (const wrong of ['a.example', 'http://a', 'tcp://', 'tcp://a:0', 'udp://a,udp://a', `/${'x'.repeat(107)}`])
    t.equal(servers(wrong), undefined, wrong)
  t.end()
})

void test('mistakes, all at once', (t) => {
  t.same(
    mistakes(
      'server = tls://a\nfaclity = user\nfacility = locl3\npriority = loud\npriority_of = AVC\nsd_id = audit\ntls_key = /k\nmax_datagram = 100\n',
    ),
    [
      'f: tls_ca: tls:// needs it: the authority that has signed the server',
      'f: tls_cert: a certificate and its key belong together',
      "f:2: faclity: unknown key (did you mean 'facility'?)",
      "f:3: facility: 'locl3' is not one of user, daemon, auth, syslog, authpriv, local0, local1, local2, local3, local4, local5, local6, local7 (did you mean 'local3'?)",
      "f:4: priority: 'loud' is not emerg, alert, crit, err, warning, notice, info or debug",
      "f:5: priority_of: 'AVC' is not TYPE:PRIORITY, such as AVC:warning or ANOM_*:alert",
      "f:6: sd_id: 'audit' is not NAME@NUMBER, such as audit@32473, with at most 32 characters and none of = ] \"",
      "f:8: max_datagram: '100' is not a size from 480 to 65507, such as 65536 or 64M",
    ],
  )
  t.match(mistakes('interpret = yes\n'), [/has an effect only with compat/])
  t.match(mistakes('[x]\n'), [/is no section|no sections/])
  t.end()
})

void test('compat sends as audisp-syslog does, if nothing else is said', (t) => {
  t.match(readConfig('compat = audisp-syslog\n', 'f').config, { sendEoe: true, resend: false })
  t.match(readConfig('compat = audisp-syslog\nresend = yes\n', 'f').config, { resend: true })
  t.end()
})

void test('the words of audisp-syslog', (t) => {
  const of = (text: string): unknown => {
    const parsed = configOfWords(text.split(' '))
    if ('mistake' in parsed) return parsed.mistake
    const { facility, severity, interpret, compat, resend } = parsed.value
    return [facility, severity, interpret, compat, resend]
  }
  t.same(of('LOG_WARNING LOG_LOCAL6 interpret'), [22, 4, true, 'audisp-syslog', false])
  t.same(of('log_debug LOG_EMERG'), [1, 0, false, 'audisp-syslog', false], 'the last counts')
  t.same(of('LOG_AUTHPRIV'), [10, 6, false, 'audisp-syslog', false])
  t.match(of('LOG_KERN'), /'LOG_KERN' is no priority/)
  t.match(of('LOG_INFO interpet'), /did you mean 'interpret'/)
  t.end()
})
