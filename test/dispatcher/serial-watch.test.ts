import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { test, type Test } from 'tap'
import { SerialWatch, type NodeSerials } from '../../src/dispatcher/serial-watch.js'
import { viewOf } from '../../src/protocol/frame.js'
import { RECORD_TYPES } from '../../src/protocol/record-type.js'
import { StreamReader } from '../../src/protocol/stream.js'
import { Random } from '../protocol/random.js'

const FIXTURES = 'test/fixtures/auditd-stream'
const SECONDS = 1_700_000_000
const LATER_MS = 60_000

type Way = 'bare' | 'whole' | 'node' | 'line' | 'lines' | 'node lines'
const WAYS: readonly Way[] = ['bare', 'whole', 'node', 'line', 'lines', 'node lines']

interface Came {
  readonly serial: number
  readonly type: number
  readonly node?: string
  readonly seconds?: number
}

/** Hands records to a watch in one of the ways in which they come. */
class Writer {
  nowMs = 0
  readonly watch = new SerialWatch({ nowMs: () => this.nowMs })
  readonly #way: Way

  constructor(way: Way) {
    this.#way = way
  }

  come(records: readonly Came[]): void {
    const texts = records.map((record) => this.#text(record))
    if (this.#way === 'lines' || this.#way === 'node lines') return this.#lines(texts)
    for (const [index, text] of texts.entries()) {
      if (this.#way === 'line') this.#lines([text])
      else this.#frame(records[index]?.type ?? 0, text)
    }
  }

  /** What is known when everything has settled. */
  settled(): readonly NodeSerials[] {
    this.nowMs += LATER_MS
    return this.watch.view().nodes
  }

  #frame(type: number, text: string): void {
    const bytes = Buffer.from(`before${text}after`)
    this.watch.frame(this.#way === 'bare' ? 0 : 1, type, bytes, 6, 6 + text.length, viewOf(bytes))
    bytes.fill('?')
  }

  #lines(texts: readonly string[]): void {
    const bytes = Buffer.from(`before\n${texts.map((text) => `${text}\n`).join('')}after\n`)
    let end = 7
    const ends = texts.map((text) => (end += text.length + 1))
    this.watch.lines(bytes, 7, end, texts.length, ends)
    bytes.fill('?')
  }

  #text({ serial, type, node, seconds = SECONDS }: Came): string {
    const stamp = `audit(${seconds}.123:${serial}): a=1 b=(2) msg=audit(${SECONDS}.123:${serial + 1}) c=3`
    if (this.#way === 'bare') return stamp
    const prefix = this.#way.startsWith('node') && node !== '' ? `node=${node ?? 'web-12.example'} ` : ''
    return `${prefix}type=${RECORD_TYPES.get(type) ?? `UNKNOWN[${type}]`} msg=${stamp}`
  }
}

for (const way of WAYS) {
  void test(`one event of thousands, ${way}`, (t) => {
    const text = new Writer(way)
    const lost = 734_512
    // A record a serial, and all at once: what is looked at of each is the same.
    let batch: Came[] = []
    for (let serial = lost - 3000; serial < lost + 3000; serial++) {
      if (serial !== lost) batch.push({ serial, type: 1300 })
      if (batch.length < 65) continue
      text.come(batch)
      batch = []
    }
    text.come(batch)
    t.match(text.settled(), [{ missing: 1, pending: 0, ranges: [[lost, lost]], last: lost + 2999, restarts: 0 }])
    t.end()
  })

  void test(`what is missing is what did not come, ${way}`, (t) => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed)
      const from = random.below(2) === 0 ? random.below(200_000) : random.below(30)
      const { records, missing } = scene(random, from)
      const writer = new Writer(way)
      for (let at = 0; at < records.length;) {
        const count = 1 + random.below(40)
        writer.come(records.slice(at, at + count))
        at += count
        if (random.below(20) === 0) writer.watch.verify()
      }
      const [node] = writer.settled()
      const { ranges = [] } = node ?? {}
      t.same(ranges.flatMap(numbersIn), missing, `seed ${seed}`)
      t.match(node, { missing: missing.length, unlisted: 0, restarts: 0, strays: 0 })
    }
    t.end()
  })

  void test(`a record of auditd's own with the number that comes next, ${way}`, (t) => {
    for (const type of [1200, 1201, 1299]) {
      const writer = new Writer(way)
      const kernels = [1, 2, 3].map((n) => ({ serial: 70_000 + n, type: 1300 }))
      writer.come([...kernels, { serial: 70_004, type }, { serial: 70_005, type: 1300 }])
      t.match(writer.settled(), [{ missing: 1, ranges: [[70_004, 70_004]] }], `type ${type}`)
    }
    t.end()
  })

  void test(`a loss that makes a number look lower, ${way}`, (t) => {
    for (const lost of [9_000, 9_600, 9_997, 99_600]) {
      const writer = new Writer(way)
      const last = 120_500 + lost + 1
      writer.come([120_499, 120_500, last, last + 1].map((serial) => ({ serial, type: 1300 })))
      t.match(writer.settled(), [{ missing: lost, ranges: [[120_501, last - 1]] }], `${lost} events`)
    }
    t.end()
  })

  void test(`a loss that four digits do not show, ${way}`, (t) => {
    for (const lost of [999, 1000, 9998, 9999, 10_000, 19_999, 90_001]) {
      const writer = new Writer(way)
      const events = (first: number): Came[] =>
        Array.from({ length: 50 }, (_, at) => ({ serial: first + at, type: 1300 }))
      writer.come(events(20_000))
      writer.come(events(20_050 + lost))
      writer.watch.verify()
      writer.come(events(20_100 + lost))
      // With 9999 the first one behind the gap looks like the last one before it.
      const missing = (lost + 1) % 10_000 === 0 ? lost + 1 : lost
      t.match(writer.settled(), [{ missing, last: 20_149 + lost, first: 20_000 }], `${lost} events`)
    }
    t.end()
  })
}

/** Events of one to five records, mixed a little, of which some are missing. */
function scene(random: Random, from: number): { records: Came[]; missing: number[] } {
  const types = [1300, 1309, 1307, 1302, 1327, 1320, 1100]
  const placed: { readonly at: number; readonly record: Came }[] = []
  const missing: number[] = []
  const events = 400
  for (let event = 0; event < events; event++) {
    const serial = from + event
    if (event > 5 && event < events - 5 && random.below(30) === 0) {
      missing.push(serial)
      continue
    }
    const records = 1 + random.below(5)
    const spread = random.below(4) === 0 ? 6 : 0.5
    for (let index = 0; index < records; index++) {
      const type = types[random.below(types.length)] ?? 1300
      placed.push({
        at: event + (event > 5 && event < events - 12 ? (spread * random.below(1000)) / 1000 : 0),
        record: { serial, type },
      })
    }
    // auditd numbers its own on its own.
    if (random.below(50) === 0)
      placed.push({ at: event + 0.9, record: { serial: random.below(from + 2000), type: 1201 } })
  }
  placed.sort((a, b) => a.at - b.at)
  return { records: placed.map(({ record }) => record), missing }
}

function numbersIn([from, to]: readonly [number, number]): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

void test('machines are counted apart', (t) => {
  for (const way of ['node', 'node lines'] as const) {
    const writer = new Writer(way)
    const names = ['web-12.example', 'web-13.example', 'db', 'x']
    for (let event = 0; event < 3000; event++) {
      const serial = 50_000 + event
      const batch = names.map((node, index) => ({ node, serial: serial + index * 7, type: 1300 }))
      // Of each another one, and once in a while one of them says much.
      if (event % 10 < 7) writer.come(batch.filter((_, index) => event !== 100 + index))
      else for (const record of batch) writer.come([record, record])
    }
    const nodes = writer.settled()
    t.same(
      nodes.map(({ node, missing, ranges }) => ({ node, missing, ranges })),
      names.map((node, index) => {
        const lost = 50_100 + index * 8
        return { node, missing: 1, ranges: [[lost, lost]] }
      }),
    )
  }
  t.end()
})

void test('a number that would be next is of the machine that has sent it', (t) => {
  for (const way of ['node', 'node lines'] as const) {
    for (const [one, other] of [
      ['web-12.example', 'web-13.example'],
      ['web', 'db'],
      ['', 'web'],
      ['web', ''],
    ] as const) {
      const writer = new Writer(way)
      writer.come([70_001, 70_002].map((serial) => ({ serial, type: 1300, node: one })))
      writer.come([{ serial: 70_003, type: 1300, node: other }])
      writer.come([{ serial: 70_004, type: 1300, node: one }])
      t.match(
        writer.settled(),
        [
          { node: one, last: 70_004, missing: 1 },
          { node: other, first: 70_003, last: 70_003 },
        ],
        `${way}: '${one}', '${other}'`,
      )
    }
  }
  t.end()
})

void test('the seconds of a machine with a name are not taken for a number of one without', (t) => {
  // Names of every length shift its digits under those that are looked at; the numbers of the other one are like them.
  for (const own of [51_700, 517_000, 5_170_000, 71_700_000, 717_000_000]) {
    for (let length = 1; length < 20; length++) {
      const node = 'x'.repeat(length)
      const writer = new Writer('node')
      writer.come([{ serial: 900_000, type: 1300, node }])
      writer.come([{ serial: own, type: 1300, node: '' }])
      for (let serial = 900_001; serial < 900_004; serial++) writer.come([{ serial, type: 1300, node }])
      writer.come([{ serial: own + 1, type: 1300, node: '' }])
      writer.come([{ serial: 900_005, type: 1300, node }])
      t.match(
        writer.settled(),
        [
          { node, missing: 1, last: 900_005 },
          { node: '', missing: 0, last: own + 1 },
        ],
        `${own}, ${length}`,
      )
    }
  }
  t.end()
})

void test('bare text is of the machine without a name', (t) => {
  const watch = new SerialWatch({ nowMs: () => 0 })
  for (const [version, text] of [
    [1, 'node=web type=SYSCALL msg=audit(1700000000.123:70001): x'],
    [0, 'audit(1700000000.123:70002): x    long enough to be one of the others too'],
    [1, 'node=web type=SYSCALL msg=audit(1700000000.123:70003): x'],
    // As long to its number as with the name.
    [0, 'audit(1700000000.123:1): node=web type=SYS 70004): x'],
  ] as const) {
    const bytes = Buffer.from(text)
    watch.frame(version, 1300, bytes, 0, bytes.length, viewOf(bytes))
  }
  t.match(watch.view().nodes, [
    { node: 'web', first: 70_001, last: 70_003, pending: 1 },
    { node: '', first: 70_002, last: 70_002 },
  ])
  t.end()
})

void test('more machines than are counted are told', (t) => {
  const writer = new Writer('node')
  const nodes = Array.from({ length: 1003 }, (_, index) => `n${index}`)
  for (let serial = 1; serial < 4; serial += 2) writer.come(nodes.map((node) => ({ node, serial, type: 1300 })))
  const { nodes: counted, untracked } = writer.watch.view()
  t.equal(counted.length, 1000)
  t.equal(untracked, 6)
  t.end()
})

void test('what is no record of the kernel counts for nothing', (t) => {
  const watch = new SerialWatch({ nowMs: () => 0 })
  const texts = [
    'audit(1700000000.123:7)',
    'type=SYSCALL msg=audit(1700000000.123:): x',
    'type=SYSCALL msg=audit(1700000000.123:99999999999): x',
    'type=SYSCALL msg=audit(1700000000:12345): x',
    'type=SYSCALL message=audit(1700000000.123:12345): x',
    'type=DAEMON_START msg=audit(1700000000.123:12345): x',
    'type=UNKNOWN[1299] msg=audit(1700000000.123:12345): x',
    'node=a type=DAEMON_END msg=audit(1700000000.123:12345): x',
    'node=',
    '',
  ]
  for (const text of texts) {
    const bytes = Buffer.from(`${text}\n`)
    watch.lines(bytes, 0, bytes.length, 1, [])
    watch.frame(1, 1201, bytes, 0, text.length, viewOf(bytes))
    watch.frame(0, 1201, bytes, 0, text.length, viewOf(bytes))
  }
  t.same(watch.view(), { nodes: [], untracked: 0 })
  t.end()
})

/** The serials that are missing from these lines, and the newest, when they come as one run and when one by one. */
function inLines(t: Test, texts: readonly string[], expected: readonly object[], name: string): void {
  const runs: readonly (readonly string[])[][] = [[texts], texts.map((text) => [text])]
  for (const [way, together] of runs.entries()) {
    const watch = new SerialWatch({ nowMs: () => 0 })
    for (const lines of together) {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      let end = 0
      const ends = lines.map((text) => (end += text.length + 1))
      watch.lines(bytes, 0, end, lines.length, ends)
    }
    t.match(watch.view().nodes, expected, `${name}, ${way === 0 ? 'at once' : 'one by one'}`)
  }
}

const line = (type: string, serial: number, rest = 'x', seconds: number | string = SECONDS): string =>
  `type=${type} msg=audit(${seconds}.123:${serial}): ${rest}`

void test('names of types are no longer than they are', (t) => {
  const names = [...RECORD_TYPES].filter(([type]) => type < 1200 || type > 1299).map(([, name]) => name)
  t.ok(
    names.every((name) => name.length >= 3 && !name.includes(' ')),
    'no name is too short to tell where a stamp is',
  )
  for (let seed = 1; seed <= 3; seed++) {
    const random = new Random(seed)
    const serials = Array.from({ length: 600 }, (_, index) => 12_000 + index).filter((serial) => serial !== 12_345)
    const texts = serials.map((serial) => line(names[random.below(names.length)] ?? '', serial))
    inLines(t, texts, [{ first: 12_000, last: 12_599, pending: 1, missing: 0, restarts: 0 }], `seed ${seed}`)
  }
  t.end()
})

void test('a number is what the stamp says, whatever stands behind it', (t) => {
  const names = ['EOE', 'CWD', 'PATH', 'EXECVE', 'SYSCALL', 'SOCKADDR', 'PROCTITLE', 'USER_ERR', 'USER_ROLE_CHANGE']
  const learnt = names.map((name) => line(name, 70_001))
  for (const name of names) {
    for (let shift = 0; shift < 20; shift++) {
      const next = `${'m'.repeat(shift)}0002) a1="msg=audit(${SECONDS}.123:70002): (70002) 70002)"`
      const newest = next.replaceAll('0002', '0001')
      inLines(t, [...learnt, line(name, 70_001, next)], [{ last: 70_001, pending: 0 }], `${name}: no event was made`)
      inLines(t, [...learnt, line(name, 70_003, next)], [{ last: 70_003, pending: 1 }], `${name}: no gap was filled`)
      inLines(
        t,
        [...learnt, line(name, 70_003, newest)],
        [{ last: 70_003, pending: 1 }],
        `${name}: no event was hidden`,
      )
    }
  }
  t.end()
})

void test('no name is so long that its end could be behind the stamp of another', (t) => {
  for (let bytes = 9; bytes < 60; bytes++) {
    // It has the byte that tells CWD, and is so long that this record would have a blank and a number where it had them.
    const long = 'CWDxmsg='.padEnd(bytes, 'X')
    const text = Buffer.from(line('CWD', 70_003, 'x'.repeat(100)))
    const body = text.indexOf(' x') + 1
    const [blank, tail] = [5 + bytes, 5 + bytes + ` msg=audit(${SECONDS}.123:7`.length]
    if (blank >= body) text.write(' ', blank)
    if (tail >= body) text.write('0001)', tail)
    inLines(
      t,
      [line('SYSCALL', 70_001), line(long, 70_001), String(text)],
      [{ last: 70_003, pending: 1 }],
      `${bytes} bytes`,
    )
  }
  t.end()
})

void test('a stamp is in one line', (t) => {
  const texts = [line('EOE', 70_001), `type=EOE msg=audit(${SECONDS}.123`, '70002): x']
  inLines(t, texts, [{ last: 70_001 }], 'the second one is cut')
  t.end()
})

void test('a machine that has begun anew is not late by thousands', (t) => {
  for (const way of WAYS) {
    const writer = new Writer(way)
    writer.come([9_998, 9_999].map((serial) => ({ serial, type: 1300 })))
    writer.come([{ serial: 999, type: 1300, seconds: SECONDS + 60 }])
    t.match(writer.settled(), [{ restarts: 1, last: 999, missing: 0 }], way)
  }
  t.end()
})

void test('a machine with any name is not the one without', (t) => {
  const learnt = [...RECORD_TYPES].filter(([type]) => type > 1299).map(([, name]) => line(name, 70_001))
  for (const type of ['EOE', 'PATH', 'EXECVE', 'SYSCALL', 'PROCTITLE', 'USER_START']) {
    for (let bytes = 1; bytes < 16; bytes++) {
      for (const letter of 'aETC=') {
        const node = letter.repeat(bytes)
        const texts = [...learnt, `node=${node} ${line(type, 70_002)}`, line(type, 70_003)]
        inLines(
          t,
          texts,
          [
            { node: '', last: 70_003, pending: 1 },
            { node, first: 70_002 },
          ],
          `${node}: ${type}`,
        )
      }
    }
  }
  t.end()
})

void test('numbers become longer', (t) => {
  for (const power of [10, 100, 1000, 10_000, 100_000, 1_000_000, 1_000_000_000]) {
    const serials = [-3, -2, 0, 1, -1, 0, 2, -2, 4].map((step) => power + step)
    const texts = serials.flatMap((serial) => ['SYSCALL', 'PATH', 'EOE'].map((name) => line(name, serial)))
    inLines(t, texts, [{ last: power + 4, pending: 1, restarts: 0, strays: 0 }], String(power))
  }
  const around = [0xffff_fffe, 0xffff_ffff, 0, 2].map((serial) => line('SYSCALL', serial))
  inLines(t, around, [{ last: 2, pending: 1, restarts: 0 }], '32 bits')
  const seconds = [9, 10, 999_999_999, 1_000_000_000, 9_999_999_999, 10_000_000_000]
  const times = seconds.map((second, index) => line('SYSCALL', 70_000 + index + (index > 3 ? 1 : 0), 'x', second))
  inLines(t, times, [{ last: 70_006, pending: 1, restarts: 0 }], 'seconds')
  t.end()
})

void test('nothing is missing in what auditd sent when nothing was lost', (t) => {
  const names = ['v2.8.5-raw.bin', 'v2.8.5-enriched.bin', 'v2.8.5-enriched-node.bin', 'v3.0.9-raw-plugin.bin.gz']
  for (const name of [
    ...names,
    'v3.0.9-enriched-node-plugin.bin.gz',
    'v2.8.5-raw.string',
    'v3.0.9-raw-plugin.string',
  ]) {
    const file = readFileSync(`${FIXTURES}/${name}`)
    const watch = new SerialWatch({ nowMs: () => 0 })
    const reader = new StreamReader({
      frame: (version, type, bytes, start, end, _clean, view) => {
        watch.frame(version, type, bytes, start, end, view)
      },
      lines: (bytes, start, end, count, ends) => {
        watch.lines(bytes, start, end, count, ends)
      },
      trouble: () => {},
    })
    const stream = name.endsWith('.gz') ? gunzipSync(file) : file
    for (let at = 0; at < stream.length; at += 65_536) reader.push(stream.subarray(at, at + 65_536))
    reader.end()
    const { nodes } = watch.view()
    t.match(
      nodes,
      [{ node: name.includes('node') ? 'node1' : '', missing: 0, pending: 0, restarts: 0, strays: 0 }],
      name,
    )
    const { first = 0, last = 0 } = nodes[0] ?? {}
    t.ok(last - first > 400, `${name}: ${last - first + 1} events`)
  }
  t.end()
})
