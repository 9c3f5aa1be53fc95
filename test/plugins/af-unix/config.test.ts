import { test } from 'tap'
import { readOptions, type Settings } from '../../../plugins/af-unix/config.js'

const DEFAULTS: Settings = {
  mode: 0o640,
  path: '/var/run/audispd_events',
  format: 'string',
  queueRecords: 8192,
  queueBytes: 4 * 1024 * 1024,
  maxClients: 100,
  group: '',
  stateFile: '',
}

function settings(args: string): Settings {
  const options = readOptions(args.split(' ').filter(Boolean))
  if (options.mistakes.length > 0) throw new Error(options.mistakes.join('\n'))
  return options.settings
}

function mistakes(args: string): readonly string[] {
  return readOptions(args.split(' ')).mistakes
}

void test("the words are audisp-af_unix's, in any order", (t) => {
  t.same(settings(''), DEFAULTS)
  t.same(settings('0640 /var/run/audispd_events'), DEFAULTS, 'a drop-in of audit 2 and 3')
  const all: Settings = { ...DEFAULTS, mode: 0o600, path: '/run/audit/x', format: 'binary', queueRecords: 1000 }
  for (const args of [
    '0600 /run/audit/x binary 1000',
    'binary 0600 1000 /run/audit/x',
    '/run/audit/x 600 BINARY 1000',
    '0600 1000 binary /run/audit/x',
  ]) {
    t.same(settings(args), all, args)
  }
  t.end()
})

void test('options of our own', (t) => {
  t.same(settings('--group audit --max-clients 7 --queue-bytes 1M --state /run/s 0660'), {
    ...DEFAULTS,
    mode: 0o660,
    group: 'audit',
    maxClients: 7,
    queueBytes: 1024 * 1024,
    stateFile: '/run/s',
  })
  t.throws(() => readOptions(['--max-client', '7']), /max-client/)
  t.end()
})

void test('what is wrong is told, all at once', (t) => {
  t.same(mistakes('0888'), ["'0888' is not an octal mode from 0001 to 0777; the first number is the socket's mode"])
  t.same(mistakes('1000 /a/b').length, 1, 'a depth without a mode')
  t.match(mistakes('0640 0'), [/queue depth: '0' is not a whole number from 1/])
  t.match(mistakes('0640 5 6'), [/'6' is one number too many/])
  t.match(mistakes('run/x'), [/'run\/x' is not an absolute path/])
  t.match(mistakes('/a /b'), [/'\/b' is one path too many/])
  t.match(mistakes(`/run/${'x'.repeat(103)}`), [/too long for a socket/])
  t.same(mistakes(`/run/${'x'.repeat(102)}`), [])
  t.match(mistakes('strng'), [/\(did you mean 'string'\?\)/])
  t.match(mistakes('string binary'), [/'binary' is one format too many/])
  t.match(mistakes('--max-clients 0 --queue-bytes 10 --state x 9 strng'), [
    /'9'/,
    /'strng'/,
    /--queue-bytes: '10' is not a size/,
    /--max-clients: '0'/,
    /--state: 'x' is not an absolute path/,
  ])
  t.end()
})
