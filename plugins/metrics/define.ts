import type { Metric } from './metric.js'

export function gauge(name: string, unit: string, help: string, labels: readonly string[] = []): Metric {
  return { name, type: 'gauge', unit, help, labels }
}

/** It only grows, until what it belongs to begins anew. */
export function counter(name: string, unit: string, help: string, labels: readonly string[] = []): Metric {
  return { name, type: 'counter', unit, help, labels }
}
