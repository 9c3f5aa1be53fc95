// Says of many programs what `audispctl plugin test` says of one, several at a time: to start the verb costs more than most
// of its verdicts. Reads a list of argument lists as JSON from standard input; writes a list of verdicts.

import { text } from 'node:stream/consumers'
import { plugin } from '../../src/ctl/plugin.js'
import { fakeHost } from './fake-host.js'
import type { Verdict } from './plugin-verdict.js'

/** Most of them only wait. */
const AT_ONCE = 6

const lists: unknown = JSON.parse(await text(process.stdin))
const waiting = (Array.isArray(lists) ? lists : []).map((words: unknown, index) => ({
  words: Array.isArray(words) ? words.map(String) : [],
  index,
}))
const verdicts: Verdict[] = []

async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const host = fakeHost('/')
    const status = await plugin(['test', ...next.words], host)
    verdicts[next.index] = { status, ...host.printed() }
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work))
process.stdout.write(JSON.stringify(verdicts))
