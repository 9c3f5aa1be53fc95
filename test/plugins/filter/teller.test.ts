import { test } from 'tap'
import { Voice } from '../../../src/remote/voice.js'
import { CommandError } from '../../../src/sdk/index.js'
import type { Command } from '../../../plugins/filter/config.js'
import { JobRunner, MAX_WAITING_JOBS, type StartJob } from '../../../plugins/filter/job-runner.js'
import { mailText } from '../../../plugins/filter/mail.js'
import { compile } from '../../../plugins/filter/compile.js'
import { RuleBook } from '../../../plugins/filter/rule-book.js'
import { readRules } from '../../../plugins/filter/rule-file.js'
import { Teller } from '../../../plugins/filter/teller.js'
import { HandClock } from './hand-clock.js'

const LOGIN = 'type=USER_LOGIN msg=audit(1.000:1): pid=1 uid=0 msg=\'op=login acct="eve" addr=192.0.2.1 res=failed\''
const SENDMAIL = { program: '/sendmail', args: ['-t'] }

interface Started {
  readonly command: Command
  readonly input: string
  readonly exit: Parameters<StartJob>[2]
  isKilled: boolean
}

function scene(rules: string, answers: { action?: () => Promise<void> } = {}) {
  const clock = new HandClock()
  const started: Started[] = []
  const told: string[] = []
  let said = ''
  const voice = new Voice(clock, (line) => {
    said += line
  })
  const start: StartJob = (command, input, exit) => {
    const one: Started = { command, input: input.toString(), exit, isKilled: false }
    started.push(one)
    return {
      kill() {
        one.isKilled = true
      },
    }
  }
  const jobs = new JobRunner(2, 1000, clock, start)
  const teller = new Teller({ voice, jobs, sendmail: SENDMAIL, host: 'web1' })
  teller.heardBy({
    notify(level, text) {
      told.push(`${level} ${text}`)
      return Promise.resolve()
    },
    async action(name, ...args) {
      told.push([name, ...args].join(' '))
      await answers.action?.()
      return ''
    },
  })
  const book = new RuleBook(compile, clock, true, teller)
  const read = readRules(Buffer.from(rules), 'rules', { kind: 'verbs' })
  if (read.rules === undefined) throw new Error(read.problems.map(({ text }) => text).join('\n'))
  book.replace(read.rules)
  return { clock, started, told, book, jobs, said: () => said, counts: () => book.states.map(({ counts }) => counts) }
}

const event = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text))

void test('the first keep or drop decides; what stands before it does its work', (t) => {
  const { book, told, counts } = scene(
    [
      'notify info first limit none when type r= USER_LOGIN',
      'count when type r= USER_LOGIN',
      'keep when addr r= "192.0.2.9"',
      'drop when type r= USER_LOGIN',
      'notify never when type r= USER_LOGIN',
      'keep when type r= USER_LOGIN',
    ].join('\n'),
  )
  t.equal(book.keepsEvent(event(LOGIN)), false)
  t.equal(book.decidedBy?.rule.line, 4)
  t.equal(book.keepsRecord(Buffer.from(LOGIN)), false)
  t.equal(book.keepsEvent(event(LOGIN.replace('192.0.2.1', '192.0.2.9'))), true)
  t.equal(book.keepsEvent(event('type=CWD msg=audit(1.000:2): cwd="/"')), true)
  t.same(
    counts().map(({ hits }) => hits),
    [3, 3, 1, 2, 0, 0],
  )
  t.equal(book.undecided, 1)
  t.equal(told[0], `info first: ${LOGIN}`)
  t.end()
})

void test('a reload keeps the counts, and what was told, of a rule that has not changed', (t) => {
  const { book, told, counts } = scene(
    'count as a when type r= USER_LOGIN\nnotify x once per 1h when type r= USER_LOGIN\n',
  )
  book.keepsEvent(event(LOGIN))
  const text = '# moved\n\nnotify x once per 1h when type r= USER_LOGIN\ncount as b when type r= USER_LOGIN\n'
  book.replace(readRules(Buffer.from(text), 'rules', { kind: 'verbs' }).rules ?? [])
  book.keepsEvent(event(LOGIN))
  t.match(
    book.states.map(({ rule }) => rule.name),
    ['rules:3', 'b'],
  )
  t.match(counts(), [{ hits: 2, told: 1, repeated: 1 }, { hits: 1 }])
  t.equal(told.length, 1)
  book.replace([])
  t.match(told[1], /: 1 more in 0 s were held back: 1 told before$/, 'a rule that is gone tells what it has held back')
  t.end()
})

void test('summaries go where the rule tells', async (t) => {
  const { book, clock, told, started } = scene(
    'notify as n limit 1/minute when type r= USER_LOGIN\nmail root as m limit 1/minute when type r= USER_LOGIN\n',
  )
  for (let n = 0; n < 5; n++) book.keepsEvent(event(LOGIN))
  await clock.pass(60_000)
  t.equal(told.length, 2)
  t.equal(told[1], 'warn n: 4 more in 60 s were held back: 4 over the limit')
  t.equal(started.length, 2)
  t.match(started[1]?.input, /\n\nm: 4 more in 60 s were held back: 4 over the limit\n$/)
  t.end()
})

void test('the values of fields go to an action, or it is not asked for', async (t) => {
  const { book, told, counts, said, clock } = scene('action block-ip %addr %acct -x limit none when type r= USER_LOGIN')
  book.keepsEvent(event('type=CWD msg=audit(1.000:1): cwd="/"', LOGIN))
  book.keepsEvent(event(LOGIN.replace('addr=192.0.2.1 ', '')))
  book.keepsEvent(event(LOGIN.replace('"eve"', '410A42')))
  book.keepsEvent(event(LOGIN.replace('192.0.2.1', 'a'.repeat(257))))
  await clock.pass(0)
  t.same(told, ['block-ip 192.0.2.1 eve -x'])
  t.match(counts(), [{ hits: 4, told: 4, failed: 3 }])
  t.match(said(), /the event has no field addr/)
  t.end()
})

void test('an action that is refused is told and counted', async (t) => {
  const { book, counts, said, clock } = scene('action halt when type r= USER_LOGIN', {
    action: () => Promise.reject(new CommandError('denied', 'not allowed')),
  })
  book.keepsEvent(event(LOGIN))
  await clock.pass(0)
  t.match(counts(), [{ failed: 1 }])
  t.match(said(), /a rule could not tell what it has matched.*denied: not allowed/)
  t.end()
})

void test('programs: so many at once, so many waiting, each only so long', async (t) => {
  const { book, started, counts, clock, jobs, said } = scene('exec /page a limit none when type r= USER_LOGIN')
  const wanted = 2 + MAX_WAITING_JOBS
  for (let n = 0; n < wanted + 3; n++) book.keepsEvent(event(LOGIN, 'type=CWD msg=audit(1.000:1): cwd="/"'))
  t.equal(started.length, 2)
  t.match(started[0], {
    command: { program: '/page', args: ['a'] },
    input: `${LOGIN}\ntype=CWD msg=audit(1.000:1): cwd="/"\n`,
  })
  t.match(counts(), [{ failed: 3 }], 'beyond that nothing is told')
  started[0]?.exit({ code: 0, signal: undefined, error: undefined })
  t.equal(started.length, 3, 'the next one')
  t.ok(started[0]?.isKilled, 'what it leaves behind ends with it')
  t.match(counts(), [{ failed: 3 }])
  await clock.pass(1000)
  t.ok(started[1]?.isKilled)
  started[1]?.exit({ code: undefined, signal: 'SIGKILL', error: undefined })
  t.match(counts(), [{ failed: 4 }])
  t.match(said(), /it took longer than 1000 ms/)
  const closing = jobs.close(500)
  await clock.pass(500)
  await closing
  t.ok(started.slice(2).every(({ isKilled }) => isKilled))
  t.match(counts(), [{ failed: 4 + MAX_WAITING_JOBS - 2 }])
  t.end()
})

void test('a program gets the first records of a large event', (t) => {
  const { book, started } = scene('exec /page when type r= USER_LOGIN')
  const large = LOGIN.padEnd(9000, 'x')
  book.keepsEvent(event(...Array.from({ length: 10 }, () => large)))
  t.equal(started[0]?.input, `${large}\n`.repeat(7))
  t.end()
})

void test('no record can get into the header of a mail, nor end a line', (t) => {
  const records = event('type=X msg=audit(1.000:1): a="\r\nBcc: everybody\u2028.\u001b[2J"', 'x'.repeat(3000), '.')
  const mail = mailText({ to: ['root', 'a@b'], subject: 'r\r\nBcc: x\u00e9', text: 'why', records }).toString()
  const [head = '', ...body] = mail.split('\n\n')
  t.same(head.split('\n').slice(0, 2), ['To: root, a@b', 'Subject: r\\x0d\\x0aBcc: x?'])
  t.ok(
    head
      .split('\n')
      .every((line) => /^(To|Subject|Auto-Submitted|MIME-Version|Content-[A-Za-z-]+): [\x20-\x7e]+$/.test(line)),
  )
  t.notMatch(body.join('\n\n'), /^Bcc/m)
  for (const harmful of ['\r', '\u2028', '\u001b']) t.notOk(mail.includes(harmful))
  t.ok(mail.split('\n').every((line) => Buffer.byteLength(line) <= 998))
  t.end()
})
