import { test } from 'tap'
import { publicStatus } from '../../src/control/public-status.js'
import { PLUGIN, STATUS } from './some-daemon-status.js'

void test('arguments and last words are for root alone', (t) => {
  const plugin = { ...PLUGIN, args: ['--password', 'secret'], lastStderr: ['no such user: secret'] }
  const shown = publicStatus({ ...STATUS, plugins: [plugin] })
  t.notMatch(JSON.stringify(shown), 'secret')
  t.same(shown, { ...STATUS, plugins: [{ ...PLUGIN, args: [], lastStderr: [] }] }, 'and the rest is as it is')
  t.end()
})
