// The conversation on the page of the control socket, played against the real daemon: the requests are sent, and the answers are those
// on the page, but for what differs from one run to the next.

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { MAX_CONNECTIONS } from '../src/control/control-server.js'
import { REFUSALS } from '../src/control/control-error.js'
import { MAX_REQUEST_BYTES } from '../src/control/request.js'
import { MAX_TAPS } from '../src/dispatcher/taps.js'
import { socketOf } from './e2e/control.js'
import { Daemon } from './e2e/daemon.js'
import { Place } from './e2e/place.js'

const PAGE = readFileSync('docs/protocol/control.md', 'utf8')
/** Of the machine, the moment, or the process. */
const VARIES = new Set(
  'audispd version pid now at since startedAt run configuration file parent seq in filtered'.split(' '),
)
/** Lines that begin with a file of the machine's. */
const FILES = 'problems'

void t.test('the conversation on the page', async (t) => {
  const place = new Place(t, '')
  place.dropIn('watch', ['path = /bin/cat', 'subscribe = type=LOGIN'])
  place.dropIn('broken', ['pth = /bin/cat'])
  const daemon = new Daemon(t, place)
  await daemon.running('watch')
  await daemon.says(['control socket is open'])
  const client = new Lines(connect(socketOf(daemon)))
  t.teardown(() => client.socket.destroy())
  const steps = transcript()
  t.ok(steps.length > 15)
  for (const { from, text } of steps) {
    if (from === '>') {
      client.socket.write(`${text}\n`)
      continue
    }
    const [shown, said]: unknown[] = [JSON.parse(text), JSON.parse(await client.next())]
    t.same(steady(said), steady(shown), text.slice(0, 60))
  }
  client.socket.destroy()
  await daemon.finish()
})

void t.test('the bounds and the codes on the page are those of the code', (t) => {
  t.ok(PAGE.includes(`| connections to each socket | ${MAX_CONNECTIONS} |`))
  t.ok(PAGE.includes(`| a request | ${MAX_REQUEST_BYTES} bytes |`))
  t.ok(PAGE.includes(`| taps | ${MAX_TAPS} |`))
  const [, table = ''] = /\n## Errors\n([^]*?)\n## /.exec(PAGE) ?? []
  t.same([...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = '']) => code).toSorted(), REFUSALS.toSorted())
  t.end()
})

function transcript(): { readonly from: string; readonly text: string }[] {
  const [, block = ''] = /```transcript\n([^]*?)```/.exec(PAGE) ?? []
  return block
    .replaceAll(/\n +/g, '')
    .trimEnd()
    .split('\n')
    .map((line) => ({ from: line.slice(0, 1), text: line.slice(2) }))
}

/** `value` with what differs from run to run replaced by what kind of thing it is. */
function steady(value: unknown, key = ''): unknown {
  if (VARIES.has(key)) return value === null ? null : typeof value
  if (key === FILES && Array.isArray(value)) return value.map((each) => String(each).replace(/^\S*\//, ''))
  if (Array.isArray(value)) return value.map((each) => steady(each))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, steady(each, name)]))
}

/** What comes from a socket, line by line. */
class Lines {
  readonly socket: Socket
  #text = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString()
      socket.emit('heard')
    })
  }

  async next(): Promise<string> {
    while (!this.#text.includes('\n')) await new Promise((resolve) => this.socket.once('heard', resolve))
    const [line = ''] = this.#text.split('\n', 1)
    this.#text = this.#text.slice(line.length + 1)
    return line
  }
}
