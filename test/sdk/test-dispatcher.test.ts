import { test } from 'tap'
import { CommandError, testPlugin, type Hello, type Plugin } from '../../src/sdk/index.js'

void test('HELLO has what a test gives, and seqs go on from there', async (t) => {
  const opened: Hello[] = []
  const seen: number[] = []
  const dispatcher = testPlugin(
    {
      open: (hello) => void opened.push(hello),
      records(batch) {
        for (const { seq } of batch) seen.push(seq)
      },
      lost: ({ first, last }) => void seen.push(first, last),
    },
    { hello: { next: 500, node: 'web1' } },
  )
  await dispatcher.until(() => dispatcher.ready !== undefined)
  t.match(opened, [{ plugin: 'test', next: 500, inWindow: 4096, received: 0, node: 'web1' }])
  t.equal(dispatcher.send('a', 'b'), 501)
  t.equal(dispatcher.lost(3), 504)
  t.equal(dispatcher.lost(0), 505)
  await dispatcher.acknowledged(dispatcher.send('c'))
  t.same(seen, [500, 501, 502, 504, 505, 505, 506])
  t.equal(await dispatcher.stop(), 0)
})

void test('waiting for what does not come ends with the plugin', async (t) => {
  const dispatcher = testPlugin({
    records() {
      throw new Error('for a test')
    },
  })
  await dispatcher.until(() => dispatcher.ready !== undefined)
  const acknowledged = dispatcher.acknowledged(dispatcher.send('a'))
  await t.rejects(acknowledged, /the plugin has ended before: .*for a test/s)
  await t.rejects(
    dispatcher.until(() => false),
    /the plugin has ended before/,
  )
  t.equal(await dispatcher.status, 70)
})

void test('records are settled as they come, or when the test says so', async (t) => {
  for (const settles of [true, false]) {
    let plugin: Plugin | undefined
    const dispatcher = testPlugin(
      {
        async main(handle) {
          plugin = handle
          await handle.send('a')
          await handle.send('b')
        },
      },
      { settles },
    )
    await dispatcher.until(() => dispatcher.records.length === 2)
    if (settles) await plugin?.settled()
    t.equal(plugin?.unsettled, settles ? 0 : 2)
    if (!settles) dispatcher.settle(2)
    await plugin?.settled()
    t.equal(await dispatcher.stop(), 0)
  }
})

void test('what a test throws as the answer is answered with ERR', async (t) => {
  const dispatcher = testPlugin(
    {
      async main(plugin) {
        await plugin.reload()
      },
    },
    {
      answer: () => {
        throw new CommandError('denied', 'no')
      },
    },
  )
  t.equal(await dispatcher.status, 70, 'nobody has caught it')
  t.match(dispatcher.complaints, /CommandError: no/)
})
