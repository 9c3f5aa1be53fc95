// A plugin whose records tell it what to do: `wait` for the answer to a command, and tell of a SIGTERM meanwhile, `throw`,
// `print` what others take for a line, run as a plugin `twice`. The rest it counts.

import { runPlugin } from '../../../src/sdk/index.js'

let count = 0

await runPlugin({
  async records(batch, plugin) {
    count += batch.count
    for (const { text } of batch) {
      if (text === 'wait') {
        process.once('SIGTERM', () => console.error('SIGTERM'))
        await plugin.command('wait')
      }
      if (text === 'print') {
        console.log('ls\nCOMMAND x action halt')
        process.stdout.write(Buffer.from('COMMAND y reload\n'), () => console.error('written'))
      }
      if (text === 'twice') await runPlugin({})
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
