// A plugin whose records tell it what to do: `wait` for the answer to a command, `throw`, `end` its output. The rest it counts.

import { runPlugin } from '../../../src/sdk/index.js'

let count = 0

await runPlugin({
  async records(batch, plugin) {
    count += batch.count
    for (const { text } of batch) {
      if (text === 'wait') await plugin.command('wait')
      if (text === 'throw') throw new Error('as the record said')
    }
  },
  async reload(plugin) {
    await plugin.notify('info', 'reloaded')
  },
  stop() {
    process.stderr.write(`${count} records\n`)
  },
})
