import { OWN } from './own-metrics.js'
import type { Families } from './metric.js'

const OUTPUTS = ['listen', 'textfile', 'statsd', 'graphite'] as const

export type Output = (typeof OUTPUTS)[number]

/** What this process counts itself; it begins anew with each. */
export class OwnCounts {
  refusedConnections = 0
  droppedLines = 0
  readonly failedWrites: Record<Output, number> = { listen: 0, textfile: 0, statsd: 0, graphite: 0 }

  addTo(families: Families): void {
    families.add(OWN.refused, this.refusedConnections)
    for (const output of OUTPUTS) families.add(OWN.failed, this.failedWrites[output], output)
    families.add(OWN.dropped, this.droppedLines)
  }
}
