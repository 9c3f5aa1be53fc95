import { Interpreter, readAccounts } from '../../src/sdk/index.js'
import { compileRules } from './compile-rules.js'
import type { FilterRule } from './rule.js'
import type { RuleSet } from './rule-set.js'

/** Says what fields mean on this host, by the names that it has now. */
export function newInterpreter(): Interpreter {
  return new Interpreter(readAccounts())
}

/** Makes rules ready; their ids are their places in the list. */
export function compile(rules: readonly FilterRule[]): RuleSet {
  return compileRules(
    rules.map(({ expression }, id) => ({ id, expression, scope: 'record' })),
    { interpreter: newInterpreter() },
  )
}
