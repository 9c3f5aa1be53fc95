import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPlugin } from 'audispd/sdk'
import { plugin } from './plugin.js'

void test('acknowledges what it is given', async () => {
  const dispatcher = testPlugin(plugin)
  await dispatcher.until(() => dispatcher.ready !== undefined)
  const seq = dispatcher.send('type=LOGIN msg=audit(1795288154.099:9315): pid=7556 uid=0 auid=4242 res=1')
  await dispatcher.acknowledged(seq)
  assert.equal(await dispatcher.stop(), 0)
  assert.deepEqual(dispatcher.violations, [])
})
