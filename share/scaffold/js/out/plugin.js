// @NAME@: a plugin of audispd. It takes each record, and acknowledges it.

/** @type {import('audispd/sdk').PluginDefinition} */
export const plugin = {
  // A batch is acknowledged when this returns, or its promise is resolved; after an error it comes again to the next process.
  records(batch) {
    for (const record of batch) take(record)
  },

  lost({ count, reason }) {
    process.stderr.write(`lost ${count} records: ${reason}\n`)
  },
}

/**
 * Your work. `record.bytes` is the record as it came, `record.parsed` its type, time and fields.
 * @param {import('audispd/sdk').BatchRecord} record
 */
function take(record) {
  void record
}
