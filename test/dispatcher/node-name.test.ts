import { hostname } from 'node:os'
import { test } from 'tap'
import { findNodeName } from '../../src/dispatcher/node-name.js'

void test('the name of this machine', async (t) => {
  t.same(await findNodeName({ nameFormat: 'none', name: '' }), { name: '', problem: '' })
  t.same(await findNodeName({ nameFormat: 'user', name: 'web 1' }), { name: 'web_1', problem: '' })
  t.same(await findNodeName({ nameFormat: 'hostname', name: '' }), { name: hostname(), problem: '' })
  for (const nameFormat of ['fqd', 'numeric'] as const) {
    const { name, problem } = await findNodeName({ nameFormat, name: '' })
    if (problem === '') t.match(name, nameFormat === 'numeric' ? /^[0-9a-f.:]+(?:%\S+)?$/ : /^[!-~]+$/)
    else
      t.same({ name, problem }, { name: '?', problem: `the name of this machine, ${hostname()}, cannot be looked up` })
  }
})
