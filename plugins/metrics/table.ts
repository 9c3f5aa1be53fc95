import { DAEMON, INPUT, PLUGINS, SERIALS } from './daemon-metrics.js'
import type { Metric } from './metric.js'
import { OWN } from './own-metrics.js'
import { REMOTE, STREAMS } from './remote-metrics.js'

/** Everything that is ever exported. */
export const TABLE: readonly Metric[] = [DAEMON, INPUT, SERIALS, PLUGINS, REMOTE, STREAMS, OWN].flatMap((each) =>
  Object.values(each),
)
