import { test } from 'tap'
import { controlPath } from '../../src/dispatcher/control-path.js'
import { DEFAULT_SETTINGS } from '../../src/dispatcher/settings.js'

void test('the control socket is in the run directory, unless the configuration has it elsewhere', (t) => {
  t.equal(controlPath(DEFAULT_SETTINGS, '/run/audispd'), '/run/audispd/control.sock')
  t.equal(controlPath(DEFAULT_SETTINGS, '/tmp/run'), '/tmp/run/control.sock')
  t.equal(controlPath({ controlSocket: '/x/y.sock' }, '/tmp/run'), '/x/y.sock')
  t.end()
})
