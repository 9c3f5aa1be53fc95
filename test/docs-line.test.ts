// The page for authors: its conversation can be had, and its tables name what there is.

import { readFileSync } from 'node:fs'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'tap'
import {
  DEFAULT_WINDOW,
  ERROR_CODES,
  LONGEST_LINE_BYTES,
  LOST_REASONS,
  readDispatcherLine,
  readPluginLine,
} from '../src/protocol/line.js'
import { SELECTOR_FIELDS } from '../src/protocol/selector.js'
import { CommandError, runPlugin, type PluginDefinition } from '../src/sdk/index.js'

const PAGE = readFileSync('docs/protocol/line.md', 'utf8')

interface Said {
  readonly who: 'D' | 'P'
  readonly line: string
}

function transcript(): Said[] {
  const [, text = ''] = /^```transcript\n([^]*?)^```$/m.exec(PAGE) ?? []
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (!/^[DP]: /.test(line)) throw new Error(`nobody says '${line}'`)
      return { who: line.startsWith('D') ? 'D' : 'P', line: line.slice(3) }
    })
}

/** The plugin of the page: watches logins, reports those that failed, and would like to block an address. */
function watch(denied: string[]): PluginDefinition {
  let reports = 0
  return {
    window: 512,
    async main(plugin) {
      await plugin.subscribe('type=LOGIN,USER_*')
    },
    async records(batch, plugin) {
      for (const { parsed } of batch) {
        if (parsed?.get('res') !== 'failed') continue
        const time = `${parsed.seconds}.${parsed.millis + 1}:${++reports}`
        const addr = parsed.get('addr') ?? '?'
        await plugin.send(`type=ANOM_LOGIN_FAILURES msg=audit(${time}): op=watch addr=${addr} res=failed`)
        // It is not waited for: the answer may take as long as the action.
        plugin.action('block-ip', addr).catch((error: unknown) => {
          denied.push(error instanceof CommandError ? error.code : String(error))
        })
      }
    },
  }
}

/** Lines as they come, for whoever waits for the next one. */
class Lines {
  readonly #come: string[] = []
  #wake: () => void = () => {}
  #rest = ''
  readonly stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const [...lines] = (this.#rest + chunk.toString('latin1')).split('\n')
      this.#rest = lines.pop() ?? ''
      this.#come.push(...lines)
      this.#wake()
      done()
    },
  })

  get left(): readonly string[] {
    return this.#come
  }

  async next(): Promise<string> {
    while (this.#come.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#come.shift() ?? ''
  }
}

void test('the conversation, with a plugin of the SDK', async (t) => {
  const input = new PassThrough()
  const said = new Lines()
  const denied: string[] = []
  const ended = runPlugin(watch(denied), {
    input,
    output: said.stream,
    error: new PassThrough(),
    exit: () => {},
    onSignal: () => {},
  })
  const lines = transcript()
  t.ok(lines.length > 20)
  for (const { who, line } of lines) {
    if (who === 'D') input.write(`${line}\n`)
    else t.equal(await said.next(), line)
  }
  input.end()
  t.equal(await ended, 0)
  t.same(said.left, [])
  t.same(denied, ['denied'])
})

void test('the conversation, line by line', (t) => {
  const verbs = new Set<string>()
  for (const { who, line } of transcript()) {
    const bytes = Buffer.from(line)
    const { verb } = (who === 'D' ? readDispatcherLine : readPluginLine)(bytes, 0, bytes.length)
    t.not(verb, 'wrong', line)
    verbs.add(`${who} ${verb}`)
  }
  const all = ['ACK', 'ERR', 'HELLO', 'LOST', 'OK', 'PING', 'RECORD', 'RELOAD', 'STOP'].map((verb) => `D ${verb}`)
  const plugins = ['ACK', 'COMMAND', 'PONG', 'READY', 'RECORD'].map((verb) => `P ${verb}`)
  t.same([...verbs].filter((verb) => verb !== 'D ').sort(), [...all, ...plugins], 'every verb is shown')
  t.end()
})

void test('reasons, codes, fields and limits are those of the code', (t) => {
  const firstCells = (heading: string): string[] => {
    const [, rows = ''] = new RegExp(`^\\| ${heading} \\|.*\\n\\|[ -|]+\\n((?:\\|.*\\n)+)`, 'm').exec(PAGE) ?? []
    return [...rows.matchAll(/^\| `([^`=]+)/gm)].map(([, cell = '']) => cell)
  }
  t.same(firstCells('reason').sort(), [...LOST_REASONS].sort())
  t.same(firstCells('code').sort(), [...ERROR_CODES].sort())
  t.same(firstCells('option of `READY`').sort(), ['ack', 'from', 'positions', 'window'])
  t.match(
    PAGE,
    `The fields are ${SELECTOR_FIELDS.map((field) => `\`${field}\``)
      .join(', ')
      .replace(/, (?=[^,]*$)/, ' and\n')}`,
  )
  t.match(PAGE, `| \`window\` | ${DEFAULT_WINDOW} |`)
  t.match(PAGE, `at most ${LONGEST_LINE_BYTES.toLocaleString('en-US')} bytes`)
  t.match(PAGE, Number.MAX_SAFE_INTEGER.toLocaleString('en-US'))
  t.end()
})
