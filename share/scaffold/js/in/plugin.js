// @NAME@: a plugin of audispd. It sends records.

import { readFile } from 'node:fs/promises'

const SOURCE = new URL('records.txt', import.meta.url)

/** @type {import('audispd/sdk').PluginDefinition} */
export const plugin = {
  async main(dispatcher) {
    // Your source: here a file of records. send() waits while as many are on their way as the dispatcher allows.
    const records = await readFile(SOURCE, 'utf8')
    for (const record of records.trimEnd().split('\n')) await dispatcher.send(record)
  },
}
