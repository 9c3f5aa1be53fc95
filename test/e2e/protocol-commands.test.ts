// Commands of plugins of the line protocol, as the daemon carries them out.

import t from 'tap'
import { Daemon } from './daemon.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frame, frames, parted, range, recordText } from './records.js'

const LOGIN = 1112
const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase()

/** A record of another type. */
function login(n: number): Buffer {
  return frame(recordText(n).replace('USER_CMD', 'USER_LOGIN'), LOGIN)
}

void t.test(
  'subscribe holds from the next record on, for the next process too, until the drop-in is another',
  async (t) => {
    const place = new Place(t)
    const puppet = new Puppet(t, place, 'siem')
    const daemon = new Daemon(t, place)
    await puppet.opens(daemon, 'READY 1 ack')
    await daemon.write(Buffer.concat([frames(1, 1), login(2)]))
    await puppet.hears(daemon, 'RECORD 2 ')
    puppet.says('COMMAND a subscribe type=USER_LOGIN', 'COMMAND b subscribe type=', 'ACK 2')
    await puppet.hears(daemon, 'OK a')
    await puppet.hears(daemon, 'ERR b bad-arguments ')
    await daemon.ledgerWhen('siem', ({ delivered }) => delivered === 2)
    await daemon.write(Buffer.concat([frames(3, 3), login(4)]))
    await puppet.hears(daemon, 'RECORD 4 ')
    const pid = daemon.pidOf('siem')
    process.kill(pid, 'SIGKILL')
    await puppet.hears(daemon, 'HELLO ', 2)
    puppet.says('READY 1 ack')
    await daemon.write(Buffer.concat([frames(5, 5), login(6)]))
    await puppet.hears(daemon, 'RECORD 6 ')
    t.same(puppet.seqs, [1, 2, 4, 4, 6])
    puppet.says('ACK 6')
    await daemon.ledgerWhen('siem', ({ queued }) => queued === 0)
    puppet.dropIn(['env.CHANGED = yes'])
    daemon.signal('SIGHUP')
    await puppet.hears(daemon, 'HELLO ', 3)
    puppet.says('READY 1 ack')
    await daemon.write(Buffer.concat([frames(7, 7), login(8)]))
    await puppet.hears(daemon, 'RECORD 8 ')
    t.same(puppet.seqs, [1, 2, 4, 4, 6, 7, 8])
    puppet.says('ACK 8')
    t.match(await daemon.finish(), { code: 0 })
    t.match(daemon.ledger('siem'), { in: 8, delivered: 6, filtered: 2, dropped: 0, balanced: true })
  },
)

void t.test('pause and resume: meanwhile the queue and its policy hold', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'siem', ['q_depth = 10'])
  const denied = new Puppet(t, place, 'denied', ['overflow_action = block'])
  place.tee('neighbour')
  const daemon = new Daemon(t, place)
  await puppet.opens(daemon)
  await denied.opens(daemon)
  denied.says('COMMAND 1 pause', 'COMMAND 2 resume')
  await denied.hears(daemon, 'ERR 2 denied ')
  t.match(await denied.hears(daemon, 'ERR 1 '), ['ERR 1 denied not with overflow_action = block'])
  await daemon.write(frames(1, 5))
  await puppet.hears(daemon, 'RECORD 5 ')
  puppet.says('COMMAND 1 pause')
  await puppet.hears(daemon, 'OK 1')
  await daemon.write(frames(6, 40))
  await denied.hears(daemon, 'RECORD 40 ')
  t.match(await daemon.ledgerNow('siem'), { in: 40, delivered: 5, queued: 10, dropped: 25 })
  puppet.says('COMMAND 2 stats nobody')
  await puppet.hears(daemon, 'ERR 2 ')
  t.same(puppet.seqs, range(1, 5), 'answers come, records do not')
  puppet.says('COMMAND 3 resume')
  await puppet.hears(daemon, 'LOST ')
  t.same(puppet.seqs, range(1, 15))
  t.equal(puppet.heard.at(-1), 'LOST 25 16 40 queue-full')
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('siem'), { in: 40, delivered: 15, dropped: 25, queued: 0, balanced: true })
  t.match(daemon.ledger('neighbour'), { delivered: 40 })
})

void t.test('stats and notify', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'siem')
  const daemon = new Daemon(t, place)
  await puppet.opens(daemon)
  await daemon.write(frames(1, 3))
  await puppet.hears(daemon, 'RECORD 3 ')
  puppet.says('COMMAND all stats', 'COMMAND one stats siem', 'COMMAND n notify warn the disk%0Ais \u001b[2Jfull')
  const [all = ''] = await puppet.hears(daemon, 'OK all ')
  const [one = ''] = await puppet.hears(daemon, 'OK one ')
  t.match(JSON.parse(all.slice('OK all '.length)), {
    seq: 3,
    input: { records: 3 },
    plugins: [{ plugin: 'siem', in: 3, delivered: 3 }],
  })
  t.match(JSON.parse(one.slice('OK one '.length)), { plugin: 'siem', state: 'running', in: 3, balanced: true })
  await puppet.hears(daemon, 'OK n')
  const [line = ''] = await daemon.says(['plugin notifies', 'plugin=siem'])
  t.match(line, / warn /)
  t.match(line, /the disk\\+x0ais \\+x1b\[2Jfull/)
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('siem').fields, { commands: '3', notified: '1' })
})

void t.test(
  'actions run only where they are allowed, as they were meant, and every attempt is on record',
  async (t) => {
    const place = new Place(t, 'self_events = yes\n')
    const script = place.program(
      'note.sh',
      `#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done >>${place.path('acted')}\necho . >>${place.path('acted')}\n`,
    )
    place.settings(
      `self_events = yes\n[action note]\npath = ${script}\nargs = fixed\naccept = [!-~]*\nper_minute = 50\n` +
        `[action strict]\npath = ${script}\naccept = [a]*[a]*[a]*[a]*[a]*[a]*b\n`,
    )
    const siem = new Puppet(t, place, 'siem', ['allow = action:note action:strict'])
    const other = new Puppet(t, place, 'other', ['subscribe = source=auditd'])
    place.tee('neighbour', ['subscribe = source=self'])
    const daemon = new Daemon(t, place)
    await siem.opens(daemon)
    await other.opens(daemon)
    other.says('COMMAND 1 action note x', 'COMMAND 2 action halt', 'COMMAND 3 reload')
    for (const tag of [1, 2, 3]) await other.hears(daemon, `ERR ${tag} denied `)
    const acted = (): string => place.read('acted').toString()
    const literal = [';id', '$(id)', '`id`', '../../etc/passwd', '-rf', '*', '%25', '%26%26']
    for (const [tag, arg] of literal.entries()) {
      siem.says(`COMMAND ok${tag} action note ${arg}`)
      await siem.hears(daemon, `OK ok${tag}`)
    }
    t.same(
      acted().split('.\n').slice(0, -1),
      literal.map((arg) => `<fixed>\n<${arg.replaceAll('%25', '%').replaceAll('%26', '&')}>\n`),
      'each is one literal argument',
    )
    const refused: readonly (readonly [tag: string, command: string])[] = [
      ['lf', 'note a%0Ab'],
      ['nul', 'note a%00b'],
      ['blank', 'note a%20b'],
      ['percent', 'note 50%'],
      ['long', `note ${'x'.repeat(257)}`],
      ['stall', `strict ${'a'.repeat(256)}`],
      ['none', 'no-such-action x'],
      ['path', '../note x'],
    ]
    for (const [tag, command] of refused) {
      siem.says(`COMMAND ${tag} action ${command}`)
      const [answer = ''] = await siem.hears(daemon, `ERR ${tag} `)
      t.match(answer, /^ERR \w+ (bad-arguments|too-long|denied) /, answer)
    }
    t.equal(acted().split('.\n').length, literal.length + 1, 'none of them ran')
    const told = (): string[] => parted(place.read('neighbour')).own.filter((text) => text.startsWith('op=action-'))
    await daemon.until(() => told().length === 2 * literal.length + refused.length + 2, `all attempts are on record`)
    for (const arg of literal) {
      const sent = ` plugin=siem action=${hex('note')} args=${hex(arg)} `
      t.equal(told().filter((text) => text.startsWith('op=action-run') && text.includes(sent)).length, 1, arg)
      t.equal(told().filter((text) => text.startsWith('op=action-done') && text.includes(sent)).length, 1, arg)
    }
    t.ok(told().some((text) => text.startsWith(`op=action-refused plugin=other action=${hex('halt')} `)))
    t.ok(
      told().some((text) => text.includes(` args=${hex('a%0Ab')} code=bad-arguments `)),
      'as it was sent',
    )
    siem.says(`COMMAND huge action note ${'x'.repeat(70_000)}`)
    await daemon.says(['plugin died', 'plugin=siem', 'a line of more than 65536 bytes'])
    await siem.hears(daemon, 'HELLO ', 2)
    siem.says('READY 1')
    t.match(await daemon.finish(), { code: 0 })
  },
)

void t.test('reload, where the drop-in allows it', async (t) => {
  const place = new Place(t)
  const puppet = new Puppet(t, place, 'siem', ['allow = reload'])
  const daemon = new Daemon(t, place)
  await puppet.opens(daemon)
  place.tee('added')
  puppet.says('COMMAND 1 reload')
  await puppet.hears(daemon, 'OK 1')
  await daemon.running('added')
  await puppet.hears(daemon, 'RELOAD')
  t.ok(daemon.lines('plugin asks for a reload', 'plugin=siem').length === 1)
  t.match(await daemon.finish(), { code: 0 })
})
