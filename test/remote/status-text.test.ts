import { symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { MAX_STATUS_BYTES, statusText } from '../../src/remote/status-text.js'

void test('a status is read, and what its owner may have put there instead is not', async (t) => {
  const dir = t.testdir({ 'status.json': '{"version":1}', huge: '', dir: {} })
  t.equal(await statusText(join(dir, 'status.json')), '{"version":1}')
  truncateSync(join(dir, 'huge'), MAX_STATUS_BYTES + 1)
  t.equal(await statusText(join(dir, 'huge')), '')
  t.equal(await statusText(join(dir, 'dir')), '')
  symlinkSync('/dev/zero', join(dir, 'endless'))
  t.equal(await statusText(join(dir, 'endless')), '')
  symlinkSync('loop', join(dir, 'loop'))
  await t.rejects(statusText(join(dir, 'loop')), { code: 'ELOOP' })
  await t.rejects(statusText(join(dir, 'absent')), { code: 'ENOENT' })
})
