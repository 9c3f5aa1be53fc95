// What is told of this plugin itself. docs/metrics.md has the same table.

import { counter, gauge } from './define.js'

export const OWN = {
  refused: counter(
    'audispd_metrics_refused_connections_total',
    'connections',
    'Scrapers beyond those served at a time.',
  ),
  failed: counter('audispd_metrics_failed_writes_total', 'times', 'Times that an output could not be written.', [
    'output',
  ]),
  dropped: counter('audispd_metrics_dropped_lines_total', 'lines', 'Lines that were too many to wait for graphite.'),
  scrape: gauge('audispd_metrics_collect_duration_seconds', 'seconds', 'How long it took to collect what stands here.'),
} as const
