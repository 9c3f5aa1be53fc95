// What a plugin asks for by `COMMAND … action …`, from its line to the answer, the log and the record.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'tap'
import { SYSTEM_CLOCK, until } from '../../src/dispatcher/clock.js'
import { parseAcceptPattern, type AcceptPattern } from '../../src/protocol/accept-pattern.js'
import { CommandBench, hex } from './command-bench.js'

const LIMIT_MS = 20_000
const PERL = '/usr/bin/perl'
/** The longest that a plugin with format = binary gets. */
const LONGEST_BINARY_RECORD = 8970

function pattern(text: string): AcceptPattern {
  const parsed = parseAcceptPattern(text)
  if ('mistake' in parsed) throw new Error(parsed.mistake)
  return parsed
}

function neverStarted(): never {
  throw new Error('must not be started')
}

async function answered(lines: readonly string[]): Promise<readonly string[]> {
  await until(SYSTEM_CLOCK, () => lines.length > 0, 1, LIMIT_MS)
  return lines
}

void test('an action that is allowed runs, and is answered when it has ended', async (t) => {
  const bench = new CommandBench()
  bench.define({ name: 'block-ip', accept: pattern('[0-9.]*') })
  bench.allow = ['action:block-ip']
  const lines = bench.give('t1 action block-ip 10.0.0.1 %31')
  t.same(lines, [], 'not yet')
  t.same(await answered(lines), ['OK t1\n'])
  const sent = `plugin=siem action=${hex('block-ip')} args=${hex('10.0.0.1 %31')}`
  t.same(bench.records(), [
    `op=action-run ${sent} exe="/bin/true" res=success`,
    `op=action-done ${sent} exit=0 res=success`,
  ])
  const fields = { plugin: 'siem', action: hex('block-ip'), args: hex('10.0.0.1 %31') }
  t.same(bench.log.said, [
    { level: 'info', text: 'action runs, as a plugin asked', fields: { ...fields, exe: '/bin/true' } },
    { level: 'info', text: 'action is done', fields: { ...fields, exit: 0 } },
  ])
})

void test('an action that fails', async (t) => {
  const bench = new CommandBench()
  bench.define({ name: 'a', path: PERL, args: ['-e', 'die "no such table\\n"'] }, { name: 'b', path: '/no/such' })
  bench.allow = ['action:a', 'action:b']
  t.same(await answered(bench.give('1 action a')), ['ERR 1 failed exit status 255\n'])
  t.same(await answered(bench.give('2 action b')), ['ERR 2 failed spawn /no/such ENOENT\n'])
  t.same(bench.records(), [
    `op=action-run plugin=siem action=61 args="" exe="${PERL}" res=success`,
    'op=action-failed plugin=siem action=61 args="" reason="exit status 255" exit=255 res=failed',
    'op=action-run plugin=siem action=62 args="" exe="/no/such" res=success',
    'op=action-failed plugin=siem action=62 args="" reason="spawn /no/such ENOENT" res=failed',
  ])
  t.match(bench.log.said[1], {
    level: 'warn',
    text: 'action failed',
    fields: { reason: 'exit status 255', exit: 255, stderr: ['no such table'] },
  })
})

void test('what is refused is told and recorded, and nothing is started', (t) => {
  const bench = new CommandBench(neverStarted)
  bench.define({ name: 'block-ip', accept: pattern('[0-9.]*') }, { name: 'secret', accept: pattern('[^~]*') })
  bench.allow = ['action:block-ip']
  const denied = ['denied', 'the drop-in does not allow this action'] as const
  const notAccepted = ['bad-arguments', 'an argument is not accepted by this action'] as const
  const control = ['bad-arguments', 'an argument has a control character'] as const
  const escape = ['bad-arguments', 'a % in an argument is followed by two hex digits; a % itself is %25'] as const
  const cases: readonly (readonly [name: string, args: string, refusal: readonly [code: string, reason: string]])[] = [
    ['secret', '', denied],
    ['halt', '', denied],
    ['no-such', 'x', denied],
    ['../../bin/sh', '-c id', denied],
    ["x'", "op=action-done res=success'", denied],
    ['block-ip', ';', notAccepted],
    ['block-ip', '10.0.0.1 $(id)', notAccepted],
    ['block-ip', '../', notAccepted],
    ['block-ip', '10.0.0.1%20', notAccepted],
    ['block-ip', '10.0.0.1%0A', control],
    ['block-ip', '%00', control],
    ['block-ip', '%ff', ['bad-arguments', 'an argument is not UTF-8']],
    ['block-ip', '%', escape],
    ['block-ip', '1'.repeat(257), ['too-long', 'an argument has at most 256 bytes']],
  ]
  for (const [name, args, [code, reason]] of cases) {
    t.same(bench.give(`1 action ${name}${args === '' ? '' : ` ${args}`}`), [`ERR 1 ${code} ${reason}\n`])
    const sent = `action=${hex(name)} args=${args === '' ? '""' : hex(args)}`
    t.same(bench.records(), [`op=action-refused plugin=siem ${sent} code=${code} reason="${reason}" res=failed`])
    const fields = { plugin: 'siem', action: hex(name), code, reason }
    t.match(bench.log.said.splice(0), [{ level: 'warn', text: 'action refused', fields }])
  }
  t.end()
})

void test('what cannot be told whole is not run, and told as far as it can be', (t) => {
  const bench = new CommandBench(neverStarted)
  bench.define({ name: 'a', accept: pattern('[^~]*') })
  bench.allow = ['action:a']
  const long = 'ERR 1 too-long all arguments together have at most 3072 bytes\n'
  t.same(bench.give(`1 action a ${'x'.repeat(65_000)}`), [long])
  t.same(bench.give(`1 action a${' x'.repeat(1537)}`), [long])
  const [one = '', two = ''] = bench.herald.take().map(String)
  t.match(one, `op=action-refused plugin=siem action=61 args=${hex('x'.repeat(3072))} cut=${65_000 - 3072} `)
  t.match(two, / cut=1 code=too-long /)
  t.ok(one.length <= LONGEST_BINARY_RECORD, `${one.length} bytes`)
  t.same(bench.give(`1 action ${'%41'.repeat(20_000)} ${'y'.repeat(4000)}`).length, 1)
  const [named = ''] = bench.herald.take().map(String)
  t.match(named, `action=${hex('%41'.repeat(32))} args=${hex('y'.repeat(3072))} cut=${59_904 + 928} code=denied`)
  t.ok(named.length <= LONGEST_BINARY_RECORD, `${named.length} bytes`)
  const logged = bench.log.said.map(({ fields }) => JSON.stringify(fields).length)
  t.ok(Math.max(...logged) < 1000, 'a line of the log is for people')
  t.end()
})

void test('single and halt, where they are allowed', (t) => {
  const bench = new CommandBench(neverStarted)
  bench.allow = ['action:halt']
  t.same(bench.give('1 action halt'), ['OK 1\n'])
  t.same(bench.give('2 action single'), ['ERR 2 denied the drop-in does not allow this action\n'])
  t.same(bench.give('3 action halt now'), ['ERR 3 bad-arguments this action takes no arguments\n'])
  t.same(bench.give('4 action Halt'), ['ERR 4 denied the drop-in does not allow this action\n'])
  t.same(bench.done, ['halt'])
  t.same(bench.records().slice(0, 2), [
    `op=action-run plugin=siem action=${hex('halt')} args="" res=success`,
    `op=action-done plugin=siem action=${hex('halt')} args="" res=success`,
  ])
  t.end()
})

void test('a second one of a name is busy; answers come in the order of ends', async (t) => {
  const bench = new CommandBench()
  const file = join(t.testdir(), 'pids')
  const program = resolve('test/fixtures/programs/starts-another-and-stays.pl')
  bench.define({ name: 'slow', path: PERL, args: [program, file] }, { name: 'fast' })
  bench.allow = ['action:slow', 'action:fast']
  const slow = bench.give('1 action slow')
  t.same(bench.give('2 action slow'), ['ERR 2 busy this action is running already\n'])
  t.same(await answered(bench.give('3 action fast')), ['OK 3\n'])
  t.ok(await until(SYSTEM_CLOCK, () => existsSync(file), 2, LIMIT_MS))
  t.same(slow, [])
  bench.clock.pass(10_000)
  t.same(await answered(slow), ['ERR 1 failed it took longer than its timeout of 10000 ms\n'])
  t.match(
    bench.records().map((text) => text.split(' ', 3).join(' ')),
    [
      `op=action-refused plugin=siem action=${hex('slow')}`,
      /^op=action-run /,
      /^op=action-run /,
      `op=action-done plugin=siem action=${hex('fast')}`,
      `op=action-failed plugin=siem action=${hex('slow')}`,
    ],
  )
})

void test('a flood of requests is a number', (t) => {
  const bench = new CommandBench(neverStarted)
  const answers = Array.from({ length: 10_000 }, () => bench.give('1 action x y')[0])
  t.equal(answers.filter((answer) => answer?.startsWith('ERR 1 denied ')).length, 60)
  t.equal(answers.filter((answer) => answer === 'ERR 1 busy at most 60 requests for actions a minute\n').length, 9940)
  t.equal(bench.records().length, 60)
  t.equal(bench.log.said.splice(0).length, 60)
  bench.clock.pass(59_999)
  t.same(bench.records(), [])
  bench.clock.pass(1)
  t.same(bench.records(), ['op=action-refused plugin=siem code=busy count=9940 res=failed'])
  const text = 'actions refused: the plugin asks for too many'
  t.same(bench.log.said.splice(0), [{ level: 'warn', text, fields: { plugin: 'siem', count: 9940 } }])
  t.match(bench.give('1 action x y'), [/^ERR 1 denied /])

  const malformed = Array.from({ length: 100 }, () => bench.give('1 action %')[0])
  t.equal(malformed.filter((answer) => answer?.startsWith('ERR 1 busy ')).length, 41, 'those without sense count too')
  bench.commands.close()
  t.equal(bench.records().at(-1), 'op=action-refused plugin=siem code=busy count=41 res=failed')
  t.end()
})
