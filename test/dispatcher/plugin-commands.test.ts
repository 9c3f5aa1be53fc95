import * as fc from 'fast-check'
import { test } from 'tap'
import { ERROR_CODES } from '../../src/protocol/line.js'
import { CommandBench } from './command-bench.js'

void test('what is not allowed by default and what is', (t) => {
  const bench = new CommandBench()
  const cases: readonly (readonly [command: string, answer: string, done: readonly string[]])[] = [
    ['1 subscribe type=SYSCALL,EXECVE', 'OK 1\n', ['subscribe type=SYSCALL,EXECVE']],
    ['1 subscribe !type=CWD node=web*', 'OK 1\n', ['subscribe !type=CWD node=web*']],
    ['1 subscribe !type=CWD%20source=self', 'OK 1\n', ['subscribe !type=CWD source=self']],
    ['1 pause', 'OK 1\n', ['pause']],
    ['a.b_C-9 resume', 'OK a.b_C-9\n', ['resume']],
    ['1 stats', 'OK 1 {}\n', ['stats -']],
    ['1 stats other', 'OK 1 {}\n', ['stats other']],
    ['1 stats from=', 'OK 1 {}\n', ['stats page ']],
    ['1 stats from%3Dsiem', 'OK 1 {}\n', ['stats page siem']],
    ['1 notify warn disk is full', 'OK 1\n', []],
    ['1 action block-ip 1.2.3.4', 'ERR 1 denied the drop-in does not allow this action\n', []],
    ['1 action halt', 'ERR 1 denied the drop-in does not allow this action\n', []],
    ['1 reload', 'ERR 1 denied the drop-in does not allow it\n', []],
  ]
  for (const [command, answer, done] of cases) {
    t.same(bench.give(command), [answer], command)
    t.same(bench.done.splice(0), done, command)
  }
  t.same(bench.commands.counts, { taken: 13, errors: 3, notified: 1 })
  t.end()
})

void test('what is wrong with a command', (t) => {
  const bench = new CommandBench()
  const none = 'unknown-command there are subscribe, pause, resume, stats, notify, action, reload'
  const levels = 'bad-arguments notify LEVEL text, where LEVEL is debug, info, warn or error'
  const cases: readonly (readonly [command: string, error: string])[] = [
    ['1', none],
    ['1 Pause', none],
    ['1 constructor', none],
    ['1 \u001b[2J', none],
    ['1 unknown %zz', none],
    ['1 pause now', 'bad-arguments this command takes no arguments'],
    ['1 resume ', 'bad-arguments this command takes no arguments'],
    ['1 pause %', 'bad-arguments a % in an argument is followed by two hex digits; a % itself is %25'],
    ['1 subscribe', 'bad-arguments a selector has at least one field=value'],
    ['1 subscribe type=NO_SUCH', "bad-arguments 'NO_SUCH' is no record type; its number will do as well"],
    ['1 subscribe x%0A%1b', "bad-arguments 'x\\x0a\\x1b' is not field=value[,value...] without blanks"],
    ['1 stats a b', 'bad-arguments stats [plugin]'],
    ['1 notify', levels],
    ['1 notify panic x', levels],
    ['1 notify info', 'bad-arguments there is no text'],
    ['1 notify info ', 'bad-arguments there is no text'],
    ['1 reload now', 'bad-arguments this command takes no arguments'],
    ['1 action', 'bad-arguments action NAME [argument …]'],
    ['1 action ', 'bad-arguments action NAME [argument …]'],
  ]
  for (const [command, error] of cases) t.same(bench.give(command), [`ERR 1 ${error}\n`], command)
  t.same(bench.done, [])
  const [long = ''] = bench.give(`1 subscribe ${'x'.repeat(4000)}`)
  t.match(long, /^ERR 1 bad-arguments 'x{299}…\n$/)
  t.end()
})

void test('a plugin does not pause where a full queue has consequences', (t) => {
  const bench = new CommandBench()
  for (const overflow of ['block', 'suspend', 'single', 'halt'] as const) {
    bench.overflow = overflow
    for (const command of ['pause', 'resume']) {
      t.same(bench.give(`1 ${command}`), [`ERR 1 denied not with overflow_action = ${overflow}\n`])
    }
  }
  t.same(bench.done, [])
  for (const overflow of ['drop-newest', 'drop-oldest', 'ignore'] as const) {
    bench.overflow = overflow
    t.same([...bench.give('1 pause'), ...bench.give('2 resume')], ['OK 1\n', 'OK 2\n'])
  }
  t.same(bench.done, ['pause', 'resume', 'pause', 'resume', 'pause', 'resume'])
  t.end()
})

void test('counters', (t) => {
  const bench = new CommandBench()
  bench.stats = JSON.stringify({ node: 'wéb\u2028\u007f\n', in: 5 })
  const [line = ''] = bench.give('1 stats')
  t.match(line, /^OK 1 [ -~]+\n$/, 'on one line, in ASCII')
  t.same(JSON.parse(line.slice('OK 1 '.length)), JSON.parse(bench.stats))
  bench.stats = undefined
  t.same(bench.give('1 stats x'), ['ERR 1 bad-arguments there is no such plugin\n'])
  const fits = 65_536 - 'OK  \n'.length - 32
  bench.stats = 'x'.repeat(fits)
  t.equal(bench.give(`${'t'.repeat(32)} stats`)[0]?.length, 65_536)
  bench.stats = 'x'.repeat(fits + 1)
  t.same(bench.give('1 stats'), ['ERR 1 too-long the counters do not fit on a line; ask for one plugin\n'])
  t.end()
})

void test('what a plugin notifies is logged under its name, and harmless', (t) => {
  const bench = new CommandBench()
  const said = (command: string): unknown => {
    t.same(bench.give(`1 notify ${command}`), ['OK 1\n'], command)
    return bench.log.said.splice(0)
  }
  const notice = (level: string, text: string): unknown => [
    { level, text: 'plugin notifies', fields: { plugin: 'siem', notice: text } },
  ]
  t.same(said('debug x'), notice('debug', 'x'))
  t.same(said('info x'), notice('info', 'x'))
  t.same(said('warn two  blanks '), notice('warn', 'two  blanks '))
  t.same(said('warning x'), notice('warn', 'x'))
  t.same(said('error a%20b%25'), notice('error', 'a b%'))
  t.same(said('info a%0Aaudispd%20ended%1b[2J'), notice('info', 'a\\x0aaudispd ended\\x1b[2J'))
  t.same(said('info %ff'), notice('info', '\ufffd'))
  t.same(said(`info ${'x'.repeat(60_000)}`), notice('info', `${'x'.repeat(1000)}…`))
  t.equal(bench.commands.counts.notified, 8)
  t.end()
})

void test('50 notices in 10 s are logged, the rest is counted', (t) => {
  const bench = new CommandBench()
  const answers = Array.from({ length: 1000 }, () => bench.give('1 notify info x')[0])
  t.equal(answers.filter((answer) => answer === 'OK 1\n').length, 50)
  t.equal(answers.filter((answer) => answer === 'ERR 1 busy at most 50 in 10 s\n').length, 950)
  t.equal(bench.log.said.splice(0).length, 50)
  t.same(bench.commands.counts, { taken: 1000, errors: 950, notified: 50 })
  bench.clock.pass(10_000)
  const text = 'plugin commands more than is done; the rest was answered busy'
  t.same(bench.log.said.splice(0), [{ level: 'warn', text, fields: { plugin: 'siem', command: 'notify', count: 950 } }])
  t.same(bench.give('1 notify info x'), ['OK 1\n'])
  bench.clock.pass(60_000)
  t.same(bench.log.texts, ['plugin notifies'])
  t.end()
})

void test('a flood of selectors is cut off', (t) => {
  const bench = new CommandBench()
  const answers = Array.from({ length: 100 }, () => bench.give('1 subscribe type=EOE')[0])
  t.equal(answers.filter((answer) => answer === 'OK 1\n').length, 60)
  t.match(answers.at(-1), /^ERR 1 busy at most 60 a minute/)
  t.end()
})

void test('a reload that the drop-in allows', (t) => {
  const bench = new CommandBench()
  bench.allow = ['action:x', 'reload']
  t.same(bench.give('1 reload'), ['OK 1\n'])
  t.same(bench.done, ['reload'])
  t.same(bench.log.said, [{ level: 'info', text: 'plugin asks for a reload', fields: { plugin: 'siem' } }])
  const answers = Array.from({ length: 99 }, () => bench.give('1 reload')[0])
  t.equal(answers.filter((answer) => answer === 'ERR 1 busy at most 10 a minute\n').length, 90)
  t.equal(bench.done.length, 10)
  bench.commands.close()
  t.match(bench.log.said.at(-1), { fields: { command: 'reload', count: 90 } }, 'told at the end at the latest')
  t.equal(bench.clock.pending, 0)
  bench.allow = ['action:reload']
  t.same(bench.give('1 reload'), ['ERR 1 denied the drop-in does not allow it\n'])
  t.end()
})

void test('whatever a plugin sends, one harmless line answers it', (t) => {
  const word = fc.oneof(
    fc.constantFrom(
      'subscribe',
      'pause',
      'resume',
      'stats',
      'notify',
      'action',
      'reload',
      'halt',
      'info',
      'type=CWD',
      '',
    ),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\n', ' ')),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Array.from(bytes, (byte) => `%${hexByte(byte)}`).join('')),
  )
  const bench = new CommandBench()
  bench.allow = ['action:halt', 'reload']
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const answers = bench.give(Buffer.from(['t', ...words].join(' '), 'latin1'))
      const [, code] = /^(?:OK t(?: [ -~]+)?|ERR t ([a-z-]+) [^\p{Cc}\p{Cs}]+)\n$/u.exec(answers[0] ?? '') ?? [
        '',
        'none',
      ]
      return answers.length === 1 && (code === undefined || ERROR_CODES.some((each) => each === code))
    }),
    { numRuns: 1000 },
  )
  t.end()
})

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
