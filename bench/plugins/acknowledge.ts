// A plugin of the line protocol that only acknowledges.

import { runPlugin } from '../../src/sdk/index.js'
import { SAYS_READY } from './words.js'

await runPlugin({
  records() {},
  async main() {
    console.error(SAYS_READY)
  },
})
