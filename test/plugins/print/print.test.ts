// What comes out of what goes in.

import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { test } from 'tap'
import { LineWriter } from '../../../plugins/print/line-writer.js'
import { readOptions } from '../../../plugins/print/options.js'
import { COLORED, PLAIN } from '../../../src/show/paint.js'
import { print } from '../../../plugins/print/print.js'
import { testPlugin } from '../../../src/sdk/index.js'
import { Auditd, turn, until } from '../../sdk/auditd.js'

const FIXTURES = 'test/fixtures/auditd-stream/'
const LOGIN = 'type=LOGIN msg=audit(1795288154.099:9315): pid=7556 uid=0 old-auid=4294967295 auid=4242 tty=(none) res=1'

class Screen extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }
}

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await turn()
}

/** What is shown of these bytes. */
async function shown(args: readonly string[], input: Buffer | string, paint = PLAIN): Promise<string[]> {
  const screen = new Screen()
  const auditd = new Auditd(print(readOptions(args), paint, new LineWriter(screen)))
  auditd.write(input)
  await auditd.end()
  return screen.lines
}

void test('an event is a line', async (t) => {
  t.same(await shown([], `${LOGIN}\n`), ['2026-11-21T19:09:14.099Z #9315 LOGIN ok auid=4242 uid=root pid=7556'])
  const stamp = 'msg=audit(1.002:3): '
  const event = [
    `node=web1 type=SYSCALL ${stamp}arch=c000003e syscall=257 success=no exit=-13 ppid=1 pid=12 auid=1000 uid=0 comm="ca t" exe="/usr/bin/cat" key=6101622063\x1dAUID="bob" UID="root"`,
    `node=web1 type=CWD ${stamp}cwd="/etc"`,
    `node=web1 type=PATH ${stamp}item=0 name="/etc" nametype=PARENT`,
    `node=web1 type=PATH ${stamp}item=1 name="shadow" nametype=NORMAL`,
    `node=web1 type=PATH ${stamp}item=2 name=2F746D702F6120621B5B324A nametype=NORMAL`,
    `node=web1 type=PROCTITLE ${stamp}proctitle=6361740073`,
  ]
  const head = '1970-01-01T00:00:01.002Z #3 web1 SYSCALL openat failed:EACCES auid=bob uid=root pid=12 exe=/usr/bin/cat'
  t.same(await shown([], `${event.join('\n')}\n`), [
    `${head} comm="ca t" path=/etc/shadow path="/tmp/a b\\x1b[2J" key=a key="b c"`,
  ])
  const [json = ''] = await shown(['--json'], `${event.join('\n')}\n`)
  t.match(JSON.parse(json), {
    time: '1970-01-01T00:00:01.002Z',
    serial: 3,
    node: 'web1',
    type: 'SYSCALL',
    syscall: 'openat',
    result: 'failed',
    error: 'EACCES',
    auid: 'bob',
    uid: 'root',
    pid: 12,
    exe: '/usr/bin/cat',
    comm: 'ca t',
    cwd: '/etc',
    title: ['cat', 's'],
    paths: ['/etc/shadow', '/tmp/a b\x1b[2J'],
    keys: ['a', 'b c'],
    records: [{ type: 'SYSCALL', fields: { exit: '-13' }, enriched: { AUID: 'bob' } }, {}, {}, {}, {}, {}],
  })
  t.match(json, /^[\x20-\x7e]+$/)
  t.notMatch(json, /incomplete|late|address/)
})

void test('other kinds of events', async (t) => {
  const line = async (type: string, body: string): Promise<string> => {
    const [first = ''] = await shown([], `type=${type} msg=audit(0.000:1): ${body}\n`)
    return first.slice('1970-01-01T00:00:00.000Z #1 '.length)
  }
  t.equal(
    await line(
      'USER_LOGIN',
      `pid=1 uid=0 auid=0 ses=2 msg='op=login acct=622075 exe="/sbin/sshd" hostname=? addr=192.0.2.1 terminal=ssh res=failed'`,
    ),
    'USER_LOGIN login failed auid=root uid=root acct="b u" addr=192.0.2.1 pid=1 exe=/sbin/sshd ses=2 terminal=ssh',
  )
  t.equal(
    await line('AVC', 'avc:  denied  { read write } for  pid=5 comm="x" name="y" permissive=0 tclass=file'),
    'AVC "denied {read write}" pid=5 comm=x name=y tclass=file',
  )
  const blanks = ' '.repeat(60_000)
  t.equal(await line('USER_AVC', `pid=5 msg='avc:  denied {${blanks}'`), 'USER_AVC pid=5', 'and is soon done')
  t.equal(await line('USER_AVC', `pid=5 msg='avc:  denied {${blanks}x }'`), 'USER_AVC "denied {x}" pid=5')
  t.equal(await line('UNKNOWN[1337]', 'oflag=01 mode=00'), 'OPENAT2 oflag=01 mode=00', 'a name for a newer type')
  t.equal(
    await line('CONFIG_CHANGE', 'auid=4294967295 ses=4294967295 op=set audit_enabled=1 old=0 res=1'),
    'CONFIG_CHANGE set ok audit_enabled=1 old=0',
  )
  for (const acct of ['a" uid=root b="', 'a\\" uid=root \\"', ' uid=root', '\n uid=root', '\\']) {
    const hex = Buffer.from(acct).toString('hex').toUpperCase()
    const spoof = await line('USER_AUTH', `pid=1 uid=1000 msg='op=x acct=${hex} res=success'`)
    const unquoted = spoof.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    t.equal(unquoted, 'USER_AUTH x ok uid=1000 acct="" pid=1', `not taken for another field: ${spoof}`)
  }
})

void test('what is said of an event has its order and its bounds', async (t) => {
  const stamp = 'msg=audit(0.000:1): '
  const event = [
    `type=SYSCALL ${stamp}arch=c000003e syscall=59 success=yes exit=0 pid=1 auid=0 uid=0 exe="/bin/real"`,
    `type=EXECVE ${stamp}argc=9 a0="x" a2[1]=63 a2[0]="no" a1001="far" a9999999="further"`,
    `type=PATH ${stamp}item=0 name="/${'p'.repeat(1100)}" nametype=NORMAL`,
    `type=USER_CMD ${stamp}pid=2 uid=7 exe="/bin/claimed"`,
  ]
  const [first = ''] = await shown([], `${event.join('\n')}\n`)
  t.match(first, / uid=root pid=1 exe=\/bin\/real cmd="x  cno" path="\/p{1023}…"$/)
  const [json = ''] = await shown(['--json'], `${event.join('\n')}\n`)
  t.match(JSON.parse(json), { command: ['x', '', 'cno'] })
})

void test('an event that the end completes is written before the end', async (t) => {
  let text = ''
  const screen = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const late = async (): Promise<void> => {
        await turns(5)
        text += chunk.toString()
        done()
      }
      void late()
    },
  })
  const auditd = new Auditd(print(readOptions([]), PLAIN, new LineWriter(screen)), { output: screen })
  auditd.write('type=SYSCALL msg=audit(0.000:1): pid=1\n')
  t.equal(await auditd.end(), 0)
  t.match(text, /#1 SYSCALL .*pid=1\n$/)
})

void test('records as they came', async (t) => {
  const text = `${LOGIN}\nnode=a ${LOGIN}\x1dAUID="b"\nwhat is \x1b this\n`
  t.same(await shown(['--records'], text), [
    `2026-11-21T19:09:14.099Z #9315 LOGIN ${LOGIN.slice(LOGIN.indexOf('pid='))}`,
    `2026-11-21T19:09:14.099Z #9315 a LOGIN ${LOGIN.slice(LOGIN.indexOf('pid='))} | AUID="b"`,
    'what is \\x1b this',
  ])
  t.same(await shown(['--records', '--type', 'CWD'], text), [])
  t.equal((await shown(['--records', '--type', 'login'], text)).length, 2)
})

void test('only some types, and some keys', async (t) => {
  const stream = readFileSync(`${FIXTURES}v2.8.5-enriched-node.bin`)
  const types = (lines: readonly string[]): string[] =>
    [...new Set(lines.map((line) => line.split(' ')[3] ?? ''))].sort()
  t.same(types(await shown(['--type', 'USER_A*,LOGIN'], stream)), ['LOGIN', 'USER_ACCT', 'USER_AUTH', 'USER_AVC'])
  const net = await shown(['--key', 'net'], stream)
  t.ok(net.length > 10)
  t.ok(net.every((line) => line.includes(' key=net')))
  t.ok((await shown(['--key', 'net', '--key', 'exec'], stream)).length > net.length)
  t.same(await shown(['--key', 'net', '--type', 'LOGIN'], stream), [])
})

void test('every recorded stream comes out in printable lines, and in JSON that can be read', async (t) => {
  for (const name of ['v2.8.5-enriched-node.bin', 'v3.0.9-raw-plugin.string']) {
    const stream = readFileSync(FIXTURES + name)
    const lines = await shown([], stream)
    t.ok(lines.length > 300, name)
    t.same(
      lines.filter((line) => /[\p{Cc}\p{Cf}]/u.test(line)),
      [],
    )
    const objects = await shown(['--json'], stream)
    t.equal(objects.length, lines.length)
    for (const object of objects) JSON.parse(object)
    t.same(
      objects.filter((line) => /[^\x20-\x7e]/.test(line)),
      [],
    )
  }
})

void test('JSON holds whatever a record holds', async (t) => {
  const hostile = `type=X msg=audit(1.0:1): __proto__=1 a=1 a=2 a=3 toString=x "=\\ caf\u00e9=\u202e \x7f`
  const [json = ''] = await shown(['--json'], `${hostile}\n`)
  t.match(json, /^[\x20-\x7e]+$/)
  const parsed: unknown = JSON.parse(json)
  t.match(parsed, { records: [{ type: 'X', text: hostile, fields: { a: ['1', '2', '3'], toString: 'x' } }] })
  t.ok(json.includes('"__proto__":"1"'))
})

void test('colour is there when it is asked for, and only around text of ours', async (t) => {
  const [line = ''] = await shown([], `${LOGIN}\n`, COLORED)
  t.ok(line.includes('\x1b[1;36mLOGIN\x1b[0m \x1b[32mok\x1b[0m'))
  const parts = line.split('\x1b[').map((part, index) => (index === 0 ? part : part.replace(/^[\d;]*m/, '')))
  t.equal(parts.join(''), (await shown([], `${LOGIN}\n`))[0])
})

void test('under the line protocol', async (t) => {
  const screen = new Screen()
  const dispatcher = testPlugin(print(readOptions([]), PLAIN, new LineWriter(screen)))
  await dispatcher.until(() => dispatcher.ready !== undefined)
  await dispatcher.acknowledged(dispatcher.send(LOGIN))
  t.equal(await dispatcher.stop(), 0)
  t.equal(screen.lines.length, 1)
  t.same(dispatcher.violations, [])
})

void test('a reader that is behind is waited for; one that has gone ends nothing', async (t) => {
  const slow = { release: (): void => {} }
  const screen = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      slow.release = () => {
        slow.release = () => {}
        done()
      }
    },
  })
  for (const args of [['--records'], []]) {
    const auditd = new Auditd(print(readOptions(args), PLAIN, new LineWriter(screen)))
    let written = 0
    const lines = `${LOGIN}\n`.repeat(500)
    while (!auditd.input.isPaused()) {
      auditd.write(lines)
      written++
      await new Promise((resolve) => setImmediate(resolve))
    }
    t.ok(written * lines.length < 1024 * 1024, 'what waits is bounded')
    let isRead = false
    void auditd.end().then(() => (isRead = true))
    const over = (): boolean => {
      slow.release()
      return isRead
    }
    if (args.length === 0) screen.destroy(new Error('EPIPE'))
    await until(over)
    t.equal(await auditd.status, 0)
  }
})
