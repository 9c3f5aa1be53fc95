// A small share of what explorer.model.ts walks through.
import { test } from 'tap'
import { explore } from './explorer.js'
import { MUTANTS, patchedExplorer } from './explorer-mutants.js'

void test('from every world that a death and a cut lead to, all comes to rest and nothing is lost', (t) => {
  const { fault, states, trace } = explore({ contents: 2, faults: { crashS: 1, cut: 1 }, isJust: true })
  t.equal(fault, undefined, trace.join(', '))
  t.ok(states > 500, `${states} worlds`)
  t.end()
})

void test('a mistake is found', async (t) => {
  const mutant = MUTANTS.find(({ name }) => name === 'ACK before the commit')
  const [task] = mutant?.tasks ?? []
  if (mutant === undefined || task === undefined) throw new Error('there is no such mistake')
  const mutated = await patchedExplorer(t.testdir(), mutant.patches)
  t.match(mutated(task).fault, /^I4: /)
})

void test('a mistake that cannot be made any more is told', async (t) => {
  const patch = { file: 'src/remote/sender-core.js', from: 'what never stood there', to: '' }
  await t.rejects(patchedExplorer(t.testdir(), [patch]), /sender-core.js has not exactly one/)
})
