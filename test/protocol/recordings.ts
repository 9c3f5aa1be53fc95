// What auditd wrote, recorded; test/fixtures/auditd-stream/README.md tells how.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { exactStream, recordsOf } from './wire.js'

const FOLDER = 'test/fixtures/auditd-stream'

export const EXACT_RECORDINGS = [
  'v2.8.5-raw.bin',
  'v2.8.5-enriched.bin',
  'v2.8.5-enriched-node.bin',
  'sample-v0.bin',
  'sample-v1.bin',
  'sample-v1-raw-node.bin',
]
export const PADDED_RECORDINGS = ['v3.0.9-raw-plugin.bin.gz', 'v3.0.9-enriched-node-plugin.bin.gz']
export const TEXT_RECORDINGS = ['v2.8.5-raw.string', 'v3.0.9-raw-plugin.string']

export function recording(name: string): Buffer {
  const bytes = readFileSync(`${FOLDER}/${name}`)
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes
}

/** A padded recording without its padding. */
export function withoutPadding(padded: Buffer): Buffer {
  return exactStream(recordsOf(padded, 'padded'))
}
