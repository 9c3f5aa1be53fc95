// What contrib has for Prometheus and Grafana, as far as tests look at it.

import { readFileSync } from 'node:fs'
import { fields, list, text, type Shaped } from '../../../src/config/json-shape.js'

export const RULES = 'contrib/prometheus/audispd.rules.yml'
export const RULES_TEST = 'test/fixtures/metrics/rules.test.yml'
const DASHBOARD = 'contrib/grafana/audispd.json'
const MANY = 1000
const words = text(MANY)

const panels = fields({ panels: list((value) => panel(value) ?? row(value), MANY) })
const panel = fields({ title: words, targets: list(fields({ expr: words, legendFormat: words }), MANY) })
const row = (value: unknown): Shaped<typeof panel> | undefined => {
  const found = fields({ title: words, type: words })(value)
  return found?.type === 'row' ? { title: found.title, targets: [] } : undefined
}

/** Every expression of the dashboard, with what Grafana would put in for its variables. */
export function dashboardExpressions(): string[] {
  const dashboard = panels(JSON.parse(readFileSync(DASHBOARD, 'utf8')))
  if (dashboard === undefined) throw new Error('this is no dashboard')
  return dashboard.panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll(/\$(instance|plugin)/g, '.*').replaceAll('$__rate_interval', '1m')),
  )
}

/** The texts behind one key of the rules, each on one line. */
export function rulesTexts(key: 'alert' | 'expr' | 'command'): string[] {
  const joined = readFileSync(RULES, 'utf8').replaceAll(
    />-\n((?: {10}.*\n)+)/g,
    (_all, folded: string) => `${folded.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`,
  )
  return [...joined.matchAll(new RegExp(`^ +(?:- )?${key}: (.*)$`, 'gm'))].map(([, value = '']) => value)
}
