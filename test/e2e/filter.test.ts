// The filter as a plugin of the real daemon, with real children.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { Daemon } from './daemon.js'
import { PERL, Place } from './place.js'
import { frame, frames, range, recordText, serialsIn, textOf } from './records.js'

const FILTER = resolve('build/bin/audispd-filter')
const SPLICES = resolve('test/fixtures/plugins/splices-to-file.pl')
const LOGIN = 1112

/** A record that comes from an address. */
function login(n: number, addr: string): Buffer {
  return frame(
    `type=USER_LOGIN msg=audit(1700000000.000:${n}): pid=1 uid=0 msg='op=login addr=${addr} res=failed'`,
    LOGIN,
  )
}

class FilterPlace extends Place {
  constructor(t: Test, settings?: string) {
    super(t, settings)
    mkdirSync(this.path('state'))
  }

  /** Writes the rules, a filter.conf, and a drop-in. */
  filter(rules: string, lines: readonly string[] = [], dropIn: readonly string[] = ['format = protocol']): void {
    this.rules(rules)
    const keys = [
      `rules = ${this.path('rules')}`,
      `status = ${this.path('state/status.json')}`,
      'child_restart = 10ms..100ms',
    ]
    writeFileSync(this.path('filter.conf'), [...keys, ...lines, ''].join('\n'))
    this.dropIn('filter', [`path = ${FILTER}`, `args = ${this.path('filter.conf')}`, ...dropIn])
  }

  rules(text: string): void {
    writeFileSync(this.path('rules'), text)
  }

  /** Moves what it is given to a file, without a moment in which it is in neither. */
  child(): string {
    // A filter that is killed leaves one that reads on for a while.
    return `child = ${PERL} ${SPLICES} ${this.path('out')} alone`
  }

  status(): { rules?: { name: string; hits: number }[]; child?: { pid: number; starts: number }; kept?: number } {
    const text = this.read('state/status.json').toString()
    return text === '' ? {} : JSON.parse(text)
  }
}

/** The process of the child that a filter has now, when it has got as far as being the program. */
function childOf(filter: number): number | undefined {
  const children = readFileSync(`/proc/${filter}/task/${filter}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return children.map(Number).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(PERL)
    } catch {
      // ENOENT: gone.
      return false
    }
  })
}

void test('a child that is killed again and again loses and repeats nothing that was kept', async (t) => {
  const place = new FilterPlace(t)
  place.filter('drop when type r= USER_LOGIN\n', [place.child()])
  const daemon = new Daemon(t, place)
  await daemon.running('filter')
  const filter = daemon.pidOf('filter')
  let sent = 0
  for (let round = 0; round < 4; round++) {
    await daemon.write(Buffer.concat([frames(sent + 1, sent + 1500), login(9, '192.0.2.1')]))
    sent += 1500
    let child: number | undefined
    await daemon.until(() => (child = childOf(filter)) !== undefined, 'a child runs')
    if (child === undefined) throw new Error('no child')
    process.kill(child, 'SIGKILL')
    await daemon.says(['the child has ended; starting it again'], round + 1)
  }
  t.match(await daemon.finish(), { code: 0 })
  const { serials } = serialsIn(place.read('out'))
  t.same(serials, range(1, sent))
  t.match(daemon.ledger('filter'), { in: sent + 4, delivered: sent + 4, dropped: 0, queued: 0, balanced: true })
  t.end()
})

void test('a filter that is killed gets again what its child has not been written', async (t) => {
  const place = new FilterPlace(t)
  place.filter('keep when type r= USER_CMD\n', [place.child(), 'default = drop', 'unit = record'])
  const daemon = new Daemon(t, place)
  await daemon.running('filter')
  await daemon.write(frames(1, 2000))
  await daemon.has('out', 1)
  daemon.signalPlugin('filter', 'SIGKILL')
  await daemon.write(frames(2001, 3000))
  t.match(await daemon.finish(), { code: 0 })
  const { serials } = serialsIn(place.read('out'))
  t.same(
    [...new Set(serials)].toSorted((a, b) => a - b),
    range(1, 3000),
  )
  t.end()
})

const ACTION = `self_events = no
[action block-ip]
path = ${PERL}
args = -e "open F, '>>', shift; print F shift" OUT
accept = [0-9.]*
`

void test('notify, exec, mail, and actions that are allowed and denied', async (t) => {
  const place = new FilterPlace(t, '')
  place.settings(ACTION.replace('OUT', place.path('blocked')))
  const saves = place.program(
    'saves',
    `#!${PERL}\nmy $to = shift; open F, '>', "$to.new"; print F <STDIN>; close F; rename "$to.new", $to;\n`,
  )
  place.filter(
    [
      'notify error "somebody cannot log in" when type r= USER_LOGIN',
      `exec ${saves} ${place.path('told')} when type r= USER_LOGIN`,
      `exec ${saves}/beneath as beneath when type r= USER_LOGIN`,
      'exec /usr/bin/there-is-none as missing when type r= USER_LOGIN',
      'mail root as mailed once per 1h by addr when type r= USER_LOGIN',
      'action block-ip %addr when type r= USER_LOGIN',
      'action halt as forbidden when type r= USER_LOGIN && addr r= "192.0.2.1"',
      '',
    ].join('\n'),
    [`sendmail = ${saves} ${place.path('mailed')}`],
    ['format = protocol', 'allow = action:block-ip'],
  )
  const daemon = new Daemon(t, place)
  await daemon.running('filter')
  await daemon.write(login(1, '192.0.2.1'))
  await daemon.says(['somebody cannot log in: type=USER_LOGIN', 'audit(1700000000.000:1)'])
  await daemon.has('blocked', '192.0.2.1'.length)
  t.equal(place.read('blocked').toString(), '192.0.2.1')
  await daemon.has('told', 10)
  t.match(place.read('told').toString(), /^type=USER_LOGIN msg=audit\(1700000000\.000:1\): .*'\n$/)
  await daemon.has('mailed', 10)
  t.match(place.read('mailed').toString(), /^To: root\nSubject: audit on \S+: mailed\n[^]*\n\n[^]*addr=192\.0\.2\.1/)
  await daemon.says(['a rule could not tell what it has matched', 'forbidden', 'denied'])
  await daemon.says(['a rule could not tell what it has matched', 'beneath', 'ENOTDIR'])
  await daemon.says(['a rule could not tell what it has matched', 'missing', 'ENOENT'])
  await daemon.write(login(2, '192.0.2.2;halt'))
  await daemon.says(['a rule could not tell what it has matched', 'bad-arguments'])
  t.match(await daemon.finish(), { code: 0 })
  t.end()
})

void test('a broken rule file leaves the rules that hold, and rules keep their counts', async (t) => {
  const place = new FilterPlace(t)
  place.filter('drop as logins when type r= USER_LOGIN\n', [place.child()])
  const daemon = new Daemon(t, place)
  await daemon.running('filter')
  await daemon.write(Buffer.concat([frames(1, 1), login(2, 'a')]))
  await daemon.has('out', textOf(1, 1).length)
  place.rules('drop as logins when type r= USER_LOGIN\nkepe when x r= y\n')
  daemon.signal('SIGHUP')
  await daemon.says(['a mistake in the configuration', `${place.path('rules')}:2: 'kepe' is no verb`])
  await daemon.says(['the configuration has mistakes; the rules that hold stay'])
  await daemon.write(Buffer.concat([login(3, 'a'), frames(4, 4)]))
  await daemon.has('out', 2 * textOf(1, 1).length)
  place.rules('drop as commands when type r= USER_CMD && n r= 6\ndrop as logins when type r= USER_LOGIN\n')
  daemon.signal('SIGHUP')
  await daemon.says(['the rules were read again'])
  await daemon.write(Buffer.concat([login(5, 'a'), frames(6, 6), frames(7, 7)]))
  await daemon.has('out', 3 * textOf(1, 1).length)
  process.kill(daemon.pidOf('filter'), 'SIGUSR1')
  await daemon.until(() => place.status().kept === 3, 'the status has all that was kept')
  t.match(place.status(), {
    kept: 3,
    rules: [
      { name: 'commands', hits: 1 },
      { name: 'logins', hits: 3 },
    ],
  })
  t.match(await daemon.finish(), { code: 0 })
  t.same(serialsIn(place.read('out')).serials, [1, 4, 7])
  t.end()
})

void test('a reader of what the rules would do may leave early', (t) => {
  const place = new FilterPlace(t)
  place.rules('count when \\record_type >= 0\n')
  writeFileSync(place.path('log'), textOf(1, 20_000))
  const tells = `{ ${FILTER} test -r ${place.path('rules')} ${place.path('log')}; echo "status $?" >&2; } | read line`
  const { stderr } = spawnSync('/bin/sh', ['-c', tells], { env: {}, encoding: 'utf8' })
  t.equal(stderr, 'status 0\n')
  t.end()
})

void test("audisp-filter's command line, under format = string", async (t) => {
  const place = new FilterPlace(t)
  place.rules('# what is not forwarded\ntype r= USER_LOGIN\n')
  const lines = (mode: string, out: string): string[] => [
    `path = ${FILTER}`,
    `args = ${mode} ${place.path('rules')} ${PERL} ${SPLICES} ${place.path(out)}`,
    'format = string',
  ]
  place.dropIn('allow', lines('allowlist', 'allowed'))
  place.dropIn('block', lines('BlockList', 'blocked'))
  const daemon = new Daemon(t, place)
  await daemon.running('allow', 'block')
  const both = Buffer.concat([frames(1, 3), login(4, '192.0.2.1'), frame(recordText(5))])
  await daemon.write(both)
  await daemon.has('allowed', 4 * textOf(1, 1).length)
  t.match(await daemon.finish(), { code: 0 })
  t.same(serialsIn(place.read('allowed')).serials, [1, 2, 3, 5])
  t.match(place.read('blocked').toString(), /^type=USER_LOGIN [^\n]*:4\): [^\n]*\n$/)
  t.end()
})
