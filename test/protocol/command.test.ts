import * as fc from 'fast-check'
import { test } from 'tap'
import { readCommand, type Command, type CommandMistake, type TaglessCommand } from '../../src/protocol/command.js'

const NO_TAG: TaglessCommand = { kind: 'tagless', text: 'a COMMAND has a tag of 1 to 32 of A-Za-z0-9._-' }

function read(text: string | Buffer): ReturnType<typeof readCommand> {
  // Something stands round it, as it does in what a plugin writes.
  const before = Buffer.from('COMMAND ')
  const bytes = Buffer.concat([before, Buffer.from(text), Buffer.from('\nCOMMAND t2 x y\n')])
  return readCommand(bytes, before.length, before.length + Buffer.byteLength(text))
}

function command(name: string, sent: string, args: readonly (string | Buffer)[]): Command {
  return { kind: 'command', tag: 't1', name, sent: Buffer.from(sent), args: args.map((arg) => Buffer.from(arg)) }
}

function mistake(name: string, sent: string): CommandMistake {
  const text = 'a % in an argument is followed by two hex digits; a % itself is %25'
  return { kind: 'mistake', tag: 't1', name, sent: Buffer.from(sent), code: 'bad-arguments', text }
}

void test('commands', (t) => {
  const cases: readonly (readonly [text: string, wanted: Command])[] = [
    ['t1 pause', command('pause', '', [])],
    ['t1 pause ', command('pause', '', [''])],
    ['t1 stats siem', command('stats', 'siem', ['siem'])],
    ['t1 action block-ip 10.0.0.1 x', command('action', 'block-ip 10.0.0.1 x', ['block-ip', '10.0.0.1', 'x'])],
    ['t1 notify warn two  blanks ', command('notify', 'warn two  blanks ', ['warn', 'two', '', 'blanks', ''])],
    ['t1 notify warn a%20b%25%0a%0A', command('notify', 'warn a%20b%25%0a%0A', ['warn', 'a b%\n\n'])],
    ['t1 x %00%ff%7F', command('x', '%00%ff%7F', [Buffer.from([0, 0xff, 0x7f])])],
    ['t1 x ü', command('x', 'ü', ['ü'])],
    ['t1 x a\tb', command('x', 'a\tb', ['a\tb'])],
    ['t1 %70ause', command('%70ause', '', [])],
    ['t1 päuse', command('pÃ¤use', '', [])],
    ['t1', command('', '', [])],
    ['t1 ', command('', '', [])],
    ['t1  x', command('', 'x', ['x'])],
  ]
  for (const [text, wanted] of cases) t.same(read(text), wanted, text)
  t.end()
})

void test('escapes that are none', (t) => {
  for (const sent of ['%', '%4', '%zz', '%%25', 'a%2', 'x %4 41', '%+1', '%0x', '% 41', 'ok %-1', '%4\u0131']) {
    t.same(read(`t1 x ${sent}`), mistake('x', sent), sent)
  }
  t.end()
})

void test('tags', (t) => {
  for (const tag of ['1', 'A.b_c-9', 'x'.repeat(32)]) t.match(read(`${tag} pause`), { kind: 'command', tag })
  for (const tag of ['', '-ü', 'a/b', 'x'.repeat(33), 'x'.repeat(65_000), 'a\0', 'a\tb', '%41']) {
    t.same(read(`${tag} pause`), NO_TAG)
  }
  t.same(read(''), NO_TAG)
  t.end()
})

void test('nothing is kept of the bytes that were read', (t) => {
  const bytes = Buffer.from('t1 action block-ip %41')
  const found = readCommand(bytes, 0, bytes.length)
  bytes.fill('x')
  t.same(found, command('action', 'block-ip %41', ['block-ip', 'A']))
  t.end()
})

void test('any bytes come through', (t) => {
  const escape = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 5 }), (args) => {
      const sent = args.map((arg) => Array.from(arg, escape).join('')).join(' ')
      const found = read(`t1 x ${sent}`)
      return found.kind === 'command' && args.every((arg, index) => found.args[index]?.equals(arg) === true)
    }),
  )
  t.end()
})
