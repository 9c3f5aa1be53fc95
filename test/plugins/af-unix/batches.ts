import { RecordBatch } from '../../../src/sdk/record-batch.js'

/** A batch of these records, numbered from `first`. */
export function batchOf(records: readonly string[], first = 1): RecordBatch {
  const bytes = Buffer.from(records.map((record, at) => `RECORD ${first + at} ${record}\n`).join(''), 'latin1')
  return new RecordBatch(bytes, 0, bytes.length, records.length, first + records.length - 1)
}

/** Records first..last; each is different, and `bytes` long if it can be. */
export function recordsOf(first: number, last: number, bytes = 0): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) =>
    `type=USER_CMD msg=audit(1700000000.123:${first + at}): pid=1 uid=0 cmd=`.padEnd(bytes, 'x'),
  )
}
