import type { Metric } from './metric.js'

const OWN_PREFIX = /^audispd_/
/** What has no meaning in any part of a name at graphite or statsd. */
const FOREIGN = /[^A-Za-z0-9_-]/g

/** `security.audispd.web1.plugin_records_total.syslog`: dots part a name, so what stands in a part has none. */
export function seriesPath(root: string, { name }: Metric, labels: readonly string[]): string {
  return [root, name.replace(OWN_PREFIX, ''), ...labels.map(part)].join('.')
}

/** What all names of this machine begin with. */
export function pathRoot(prefix: string, hostName: string): string {
  return `${prefix}.${part(hostName)}`
}

function part(text: string): string {
  return text === '' ? '_' : text.replaceAll(FOREIGN, '_')
}
