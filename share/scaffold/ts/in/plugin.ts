// @NAME@: a plugin of audispd. It sends records.

import { readFile } from 'node:fs/promises'
import type { PluginDefinition } from 'audispd/sdk'

const SOURCE = new URL('../records.txt', import.meta.url)

export const plugin: PluginDefinition = {
  async main(dispatcher) {
    // Your source: here a file of records. send() waits while as many are on their way as the dispatcher allows.
    const records = await readFile(SOURCE, 'utf8')
    for (const record of records.trimEnd().split('\n')) await dispatcher.send(record)
  },
}
