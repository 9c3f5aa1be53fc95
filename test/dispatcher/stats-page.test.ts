import { test } from 'tap'
import type { DaemonStatus } from '../../src/control/daemon-status.js'
import { MAX_NODES, pageStart, statsPage } from '../../src/dispatcher/stats-page.js'
import { LONGEST_LINE_BYTES } from '../../src/protocol/line.js'
import { PLUGIN, STATUS } from '../control/some-daemon-status.js'

/** What an answer has around it. */
const AROUND_BYTES = 64

/** Names of each page, as one asks for one after the other. */
function namesIn(status: DaemonStatus): string[][] {
  const pages: string[][] = []
  for (let from: string | null = ''; from !== null;) {
    const json = statsPage(status, from)
    if (json.length > LONGEST_LINE_BYTES - AROUND_BYTES) throw new Error(`${json.length} bytes are too many for a line`)
    const page: { plugins: { name: string }[]; next: string | null } = JSON.parse(json)
    pages.push(page.plugins.map(({ name }) => name))
    from = page.next
  }
  return pages
}

void test('an argument is a name, or where to begin', (t) => {
  t.equal(pageStart('from='), '')
  t.equal(pageStart('from=siem'), 'siem')
  t.equal(pageStart('siem'), undefined)
  t.equal(pageStart(undefined), undefined)
  t.end()
})

void test('a page has the figures of the status, and none of its long texts', (t) => {
  const long = 'x'.repeat(100_000)
  const plugin = { ...PLUGIN, name: 'siem', lagMs: 5, lastStderr: [long], args: [long], path: long }
  const status = { ...STATUS, plugins: [plugin], invalid: [{ name: 'b', file: '/b', problems: [long] }] }
  const page: Record<string, unknown> = JSON.parse(statsPage(status, ''))
  t.match(page, { version: status.version, seq: status.seq, input: status.input, invalid: 1, next: null })
  t.match(page['plugins'], [{ name: 'siem', lagMs: 5, dropped: plugin.dropped, in: plugin.in }])
  t.end()
})

void test('any number of plugins, each once and in order, a line at a time', (t) => {
  for (const count of [0, 1, 50, 1500]) {
    const plugins = Array.from({ length: count }, (_, at) => ({
      ...PLUGIN,
      name: `${(at * 7919) % count}-${'n'.repeat(50)}`,
    }))
    const pages = namesIn({ ...STATUS, plugins })
    t.same(pages.flat(), plugins.map(({ name }) => name).toSorted(), `${count} plugins`)
    t.equal(pages.length > 1, count === 1500)
  }
  t.end()
})

void test('nodes of which most is missing come first, and no name is longer than a line', (t) => {
  const nodes = Array.from({ length: MAX_NODES + 50 }, (_, at) => ({
    node: `${at}${'é'.repeat(1000)}`,
    first: 1,
    last: 2,
    missing: at,
    pending: 0,
    unlisted: 0,
    ranges: [],
    restarts: 0,
    strays: 0,
  }))
  const status = { ...STATUS, serials: { nodes, untracked: 7 } }
  t.same(namesIn(status).flat().length, 1)
  const page: { serials: { nodes: { missing: number }[]; more: number; untracked: number } } = JSON.parse(
    statsPage(status, ''),
  )
  const { serials } = page
  t.equal(serials.nodes[0]?.missing, MAX_NODES + 49)
  t.equal(serials.nodes.length + serials.more, nodes.length)
  t.equal(serials.untracked, 7)
  t.end()
})
