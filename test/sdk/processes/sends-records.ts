// An input plugin: sends as many records as its argument says, and tells when all are settled.

import { runPlugin } from '../../../src/sdk/index.js'

const count = Number(process.argv[2])

await runPlugin({
  async main(plugin) {
    for (let n = 1; n <= count; n++) await plugin.send(`type=USER msg=audit(1795288154.099:${n}): pid=1 msg='op=test'`)
    await plugin.settled()
    await plugin.notify('info', `settled ${count}`)
  },
})
