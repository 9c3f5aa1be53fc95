// A plugin that sends so many records, and says when all are settled: how many were before it looked at the clock, and how
// long the others took. The start of whoever gets them is so not in it.

import { runPlugin } from '../../src/sdk/index.js'
import { makeLines } from '../stream.js'
import { SAYS_SETTLED } from './words.js'

const DIFFERENT = 256

const count = Number(process.argv[2])
const records = makeLines(DIFFERENT).map((line) => Buffer.from(line))
let before = 0
let startedNs = 0n

await runPlugin({
  async main(plugin) {
    for (let n = 0; n < count; n++) await plugin.send(records[n % DIFFERENT] ?? '')
    await plugin.settled()
    console.error(`${SAYS_SETTLED} ${before} ${count} ${process.hrtime.bigint() - startedNs}`)
  },
  settled(n) {
    if (startedNs > 0n) return
    before = n
    startedNs = process.hrtime.bigint()
  },
})
