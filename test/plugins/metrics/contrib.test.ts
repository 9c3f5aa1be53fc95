import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { TABLE } from '../../../plugins/metrics/table.js'
import { VERBS } from '../../../src/ctl/verbs.js'
import { dashboardExpressions, RULES_TEST, rulesTexts } from './contrib-files.js'

const KNOWN = new Set(TABLE.map(({ name }) => name))

function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/\baudispd_\w+/g)].map(([name]) => name)
}

void test('every expression is about metrics that there are', (t) => {
  const rules = rulesTexts('expr')
  const dashboard = dashboardExpressions()
  t.equal(rules.length, rulesTexts('alert').length)
  t.ok(rules.length >= 20 && dashboard.length >= 30)
  for (const expression of [...rules, ...dashboard]) {
    const names = metricsIn(expression)
    t.ok(names.length > 0 || /^up\{|node_textfile_mtime_seconds/.test(expression), expression)
    for (const name of names) t.ok(KNOWN.has(name), name)
  }
  t.end()
})

void test('labels in expressions are those of their metric', (t) => {
  const every = new Set(['instance', 'job'])
  for (const expression of [...rulesTexts('expr'), ...dashboardExpressions()]) {
    for (const [, name, selected = ''] of expression.matchAll(/\b(audispd_\w+)\{([^}]*)\}/g)) {
      const labels = TABLE.find((metric) => metric.name === name)?.labels ?? []
      for (const [, label = ''] of selected.matchAll(/(\w+)(?:=|!=|=~|!~)"/g))
        t.ok(every.has(label) || labels.includes(label), `${name}{${label}}`)
    }
  }
  t.end()
})

void test('every alert names a command that there is, and is tested', (t) => {
  const tested = readFileSync(RULES_TEST, 'utf8')
  const commands = rulesTexts('command')
  const alerts = rulesTexts('alert')
  t.equal(commands.length, alerts.length)
  for (const command of commands) {
    const verbs = [...command.matchAll(/\baudispctl ([a-z]+)/g)].map(([, verb = '']) => verb)
    t.ok(verbs.length > 0, command)
    for (const verb of verbs) t.ok(VERBS.has(verb), `audispctl ${verb}`)
  }
  for (const alert of alerts) {
    t.ok(tested.includes(`alertname: ${alert}, exp_alerts: []`), `${alert} is seen not to fire`)
    t.ok(new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n`).test(tested), `${alert} is seen to fire`)
  }
  t.end()
})
