// @NAME@: a plugin of audispd. It takes each record, and acknowledges it.

import type { BatchRecord, PluginDefinition } from 'audispd/sdk'

export const plugin: PluginDefinition = {
  // A batch is acknowledged when this returns, or its promise is resolved; after an error it comes again to the next process.
  records(batch) {
    for (const record of batch) take(record)
  },

  lost({ count, reason }) {
    process.stderr.write(`lost ${count} records: ${reason}\n`)
  },
}

/** Your work. `record.bytes` is the record as it came, `record.parsed` its type, time and fields. */
function take(record: BatchRecord): void {
  void record
}
