// @NAME@: a plugin of audispd. It takes each record and acknowledges it, and sends others.

import { readFile } from 'node:fs/promises'

const SOURCE = new URL('records.txt', import.meta.url)

/** @type {import('audispd/sdk').PluginDefinition} */
export const plugin = {
  // A batch is acknowledged when this returns, or its promise is resolved; after an error it comes again to the next process.
  records(batch) {
    for (const record of batch) take(record)
  },

  lost({ count, reason }) {
    process.stderr.write(`lost ${count} records: ${reason}\n`)
  },

  async main(dispatcher) {
    // Your source: here a file of records. send() waits while as many are on their way as the dispatcher allows.
    const records = await readFile(SOURCE, 'utf8')
    for (const record of records.trimEnd().split('\n')) await dispatcher.send(record)
  },
}

/**
 * Your work. `record.bytes` is the record as it came, `record.parsed` its type, time and fields.
 * @param {import('audispd/sdk').BatchRecord} record
 */
function take(record) {
  void record
}
