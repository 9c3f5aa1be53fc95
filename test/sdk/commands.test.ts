// Commands of a plugin, and their answers.

import * as fc from 'fast-check'
import { test } from 'tap'
import { encodedArgument } from '../../src/sdk/commands.js'
import {
  CommandError,
  Stopped,
  testPlugin,
  type Plugin,
  type TestCommand,
  type TestDispatcher,
} from '../../src/sdk/index.js'

async function opened(
  answer: (command: TestCommand) => string | undefined,
): Promise<{ readonly dispatcher: TestDispatcher; readonly plugin: Plugin }> {
  let running: Plugin | undefined
  const dispatcher = testPlugin(
    {
      async main(plugin) {
        running = plugin
      },
    },
    { answer },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  if (running === undefined) throw new Error('main was not called')
  return { dispatcher, plugin: running }
}

void test('each command has its line, and its answer', async (t) => {
  const { dispatcher, plugin } = await opened(({ name }) => (name === 'stats' ? '{"in": 5}' : ''))
  await plugin.subscribe(' type=USER_*,LOGIN  !node=web1 ')
  await plugin.pause()
  await plugin.resume()
  t.same(await plugin.stats(), { in: 5 })
  t.same(await plugin.stats('siem'), { in: 5 })
  await plugin.notify('warn', 'disk 90% full\nnow')
  t.equal(await plugin.action('block-ip', '10.0.0.1', ''), '')
  await plugin.reload()
  t.equal(await plugin.command('stats'), '{"in": 5}')
  t.equal(await plugin.command('of-later', Buffer.from([0x00, 0x20, 0xff])), '')
  t.same(
    dispatcher.commands.map(({ name, args }) => [name, ...args]),
    [
      ['subscribe', 'type=USER_*,LOGIN', '!node=web1'],
      ['pause'],
      ['resume'],
      ['stats'],
      ['stats', 'siem'],
      ['notify', 'warn', 'disk 90% full\nnow'],
      ['action', 'block-ip', '10.0.0.1', ''],
      ['reload'],
      ['stats'],
      ['of-later', '\0 \ufffd'],
    ],
  )
  t.equal(new Set(dispatcher.commands.map(({ tag }) => tag)).size, 10, 'each has a tag of its own')
  await dispatcher.stop()
  t.same(dispatcher.violations, [])
})

void test('ERR is a CommandError with its code', async (t) => {
  const { dispatcher, plugin } = await opened(() => {
    throw new CommandError('denied', 'action:halt is not allowed')
  })
  await t.rejects(plugin.action('halt'), {
    name: 'CommandError',
    code: 'denied',
    message: 'action:halt is not allowed',
  })
  await dispatcher.stop()
})

void test('counters that are none', async (t) => {
  const { dispatcher, plugin } = await opened(() => 'no json')
  await t.rejects(plugin.stats(), { name: 'CommandError', code: 'failed', message: 'stats: its result cannot be read' })
  await dispatcher.stop()
})

void test('answers come in any order', async (t) => {
  const held: string[] = []
  const { dispatcher, plugin } = await opened(({ tag, name }) => {
    held.push(`OK ${tag} of ${name}\n`)
    return undefined
  })
  const answers = [plugin.command('one'), plugin.command('two'), plugin.command('three')]
  await dispatcher.until(() => held.length === 3)
  dispatcher.write(held.toReversed().join(''))
  t.same(await Promise.all(answers), ['of one', 'of two', 'of three'])
  dispatcher.write('OK c77\nERR - violation we do not know PONGG\n')
  t.equal(await dispatcher.stop(), 0)
  t.match(dispatcher.complaints, /^an answer to nothing: OK c77\nthe dispatcher says: ERR - violation we do not/)
})

void test('a command that does not fit into a line is not sent', async (t) => {
  const { dispatcher, plugin } = await opened(() => '')
  await t.rejects(plugin.action('x', ' '.repeat(30_000)), { name: 'CommandError', code: 'too-long' })
  t.equal(dispatcher.commands.length, 0)
  await dispatcher.stop()
})

void test('no answer comes after the end of input, and who does not wait for one does not die of it', async (t) => {
  const { dispatcher, plugin } = await opened(() => undefined)
  const waited = plugin.command('stats')
  void plugin.notify('info', 'bye')
  await dispatcher.until(() => dispatcher.commands.length === 2)
  t.equal(await dispatcher.end(), 0)
  await t.rejects(waited, Stopped)
})

void test('too many notices are no error, whether somebody waits for them or not, and are told at the end', async (t) => {
  const { dispatcher, plugin } = await opened(() => {
    throw new CommandError('busy', 'at most 50 in 10 s')
  })
  void plugin.notify('info', 'one')
  await plugin.notify('info', 'two')
  await plugin.notify('info', 'three')
  t.equal(await dispatcher.stop(), 0)
  t.equal(
    dispatcher.complaints,
    "notify: busy: at most 50 in 10 s\nnotify: 3 texts did not get into the dispatcher's log\n",
  )
  await plugin.notify('info', 'after everything')
})

void test('a command that is refused is told once, and ends nothing when nobody waits for it', async (t) => {
  const { dispatcher, plugin } = await opened(({ name }) => {
    throw new CommandError(name === 'notify' ? 'bad-arguments' : 'denied', 'no')
  })
  void plugin.action('halt')
  void plugin.action('halt')
  void plugin.notify('info', '')
  void plugin.action('halt', 'x'.repeat(70_000))
  await t.rejects(plugin.notify('info', ''), { code: 'bad-arguments' })
  t.equal(await dispatcher.stop(), 0)
  const told = dispatcher.complaints.split('\n')
  t.same(told.slice(1), ['action: denied: no', 'notify: bad-arguments: no', ''])
  t.match(told[0], /^action: too-long: the line has \d+ bytes$/)
})

void test('a handler may ask, and gets its answer although it keeps the plugin busy', async (t) => {
  let counters: unknown
  const dispatcher = testPlugin(
    {
      async records(_, plugin) {
        counters ??= await plugin.stats()
      },
    },
    { answer: () => '[1]' },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send('a', 'b')
  await dispatcher.acknowledged(2)
  t.same(counters, [1])
  await dispatcher.stop()
})

void test('an argument is one word of visible ASCII, whatever it was', (t) => {
  t.equal(encodedArgument('type=USER_*,LOGIN'), 'type=USER_*,LOGIN')
  t.equal(encodedArgument('100% a\tb\n'), '100%25%20a%09b%0A')
  t.equal(encodedArgument('ü'), '%C3%BC')
  t.equal(encodedArgument(Buffer.from([0, 0x1f, 0x7f, 0xff])), '%00%1F%7F%FF')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const word = encodedArgument(Buffer.from(bytes))
      const decoded = Buffer.from(decodeBytes(word), 'latin1')
      return /^[!-~]*$/.test(word) && decoded.equals(Buffer.from(bytes))
    }),
  )
  t.end()
})

function decodeBytes(word: string): string {
  return word.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
