// The only home of prom-client: the text that scrapers read. A registry is made for each text, as one that has written OpenMetrics once
// has changed its counters' names for good.

import { Counter, Gauge, Registry, type OpenMetricsContentType } from 'prom-client'
import type { Family } from './metric.js'

/** `prometheus` is the older text, the only one that node_exporter's text files may have. */
export type TextKind = 'openmetrics' | 'prometheus'

export const CONTENT_TYPE = {
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
} as const

export async function expositionOf(families: readonly Family[], kind: TextKind): Promise<string> {
  switch (kind) {
    case 'openmetrics': {
      const registry = new Registry<OpenMetricsContentType>()
      registry.setContentType(CONTENT_TYPE.openmetrics)
      fill(registry, families)
      return registry.metrics()
    }
    case 'prometheus': {
      const registry = new Registry()
      fill(registry, families)
      return registry.metrics()
    }
    default:
      return kind satisfies never
  }
}

function fill(registry: Registry | Registry<OpenMetricsContentType>, families: readonly Family[]): void {
  for (const { metric, samples } of families) {
    const { name, help, labels: labelNames } = metric
    const configuration = { name, help, labelNames: [...labelNames], registers: [registry] }
    if (metric.type === 'counter') {
      const counter = new Counter(configuration)
      for (const { labels, value } of samples) counter.inc(labelled(labelNames, labels), value)
    } else {
      const gauge = new Gauge(configuration)
      for (const { labels, value } of samples) gauge.set(labelled(labelNames, labels), value)
    }
  }
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
}
