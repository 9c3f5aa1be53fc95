import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPlugin } from 'audispd/sdk'
import { plugin } from './plugin.js'

void test('sends its records', async () => {
  const dispatcher = testPlugin(plugin)
  await dispatcher.until(() => dispatcher.records.length === 12)
  assert.equal(await dispatcher.stop(), 0)
  assert.deepEqual(dispatcher.violations, [])
})
