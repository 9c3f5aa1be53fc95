// The reader against what auditd wrote and what its string plugins got beside it.
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { maxLineBytes, writeLine } from '../../src/protocol/record.js'
import { recordTypeName } from '../../src/protocol/record-type.js'
import { digestOf, listenTo } from './listener.js'
import type { Listener } from './listener.js'
import { EXACT_RECORDINGS, PADDED_RECORDINGS, TEXT_RECORDINGS, recording, withoutPadding } from './recordings.js'
import { recordsOf } from './wire.js'

const NO_NODE = Buffer.alloc(0)

for (const [name, string, named] of [
  ['v2.8.5-raw.bin', 'v2.8.5-raw.string', ['1334', '1337', '1423', '1424']],
  ['v3.0.9-raw-plugin.bin.gz', 'v3.0.9-raw-plugin.string', ['1423', '1424']],
] as const) {
  void t.test(`${name} becomes the lines that a string plugin got`, (t) => {
    const { heard } = listenTo([recording(name)])
    const recorded = recording(string).toString('latin1')
    const numbers = new Set([...recorded.matchAll(/^type=UNKNOWN\[(\d+)\]/gm)].map(([, number]) => number))
    const newlyNamed = [...numbers].filter((number) => !recordTypeName(Number(number)).startsWith('UNKNOWN'))
    t.same(new Set(newlyNamed), new Set(named), 'types that this release could not name, and we can')
    const expected = recorded.replace(
      /^type=UNKNOWN\[(\d+)\]/gm,
      (_, number) => `type=${recordTypeName(Number(number))}`,
    )
    t.ok(linesOf(heard) === expected, 'byte for byte')
    t.same(heard.troubles, [])
    t.end()
  })
}

for (const name of [...EXACT_RECORDINGS, ...PADDED_RECORDINGS]) {
  void t.test(`${name} holds what a walk from header to header finds`, (t) => {
    const bytes = recording(name)
    const framing = name.endsWith('.gz') ? 'padded' : 'exact'
    const { heard, reader } = listenTo([bytes])
    const expected = recordsOf(bytes, framing)
    t.equal(heard.frames.length, expected.length)
    t.same(
      heard.frames.findIndex((frame, index) => {
        const record = expected[index]
        const isSame =
          frame.version === record?.version && frame.type === record.type && frame.payload.equals(record.payload)
        return !isSame || frame.clean === frame.payload.includes('\n')
      }),
      -1,
      'the first record that differs',
    )
    t.same(heard.troubles, [])
    t.equal(reader.kind, framing)
    t.match(reader.counters, { frames: expected.length, bytes: bytes.length, skippedBytes: 0, lines: 0 })
    t.end()
  })
}

for (const name of ['sample-v0', 'sample-v1', 'sample-v1-raw-node']) {
  void t.test(`${name} has the records of its table`, (t) => {
    const { heard } = listenTo([recording(`${name}.bin`)])
    const table = readFileSync(`test/fixtures/auditd-stream/${name}.tsv`, 'utf8').trimEnd().split('\n').slice(1)
    let offset = 0
    const found = heard.frames.map(({ version, type, payload }, index) => {
      const row = [index, offset, version, type, payload.length, crc32(payload).toString(16).padStart(8, '0')]
      offset += 16 + payload.length
      return row.join('\t')
    })
    const wanted = table.map((row) => row.split('\t').toSpliced(4, 1).join('\t'))
    t.same(found, wanted)
    t.end()
  })
}

for (const name of PADDED_RECORDINGS) {
  void t.test(`${name} gives the same without its padding`, (t) => {
    const padded = recording(name)
    t.equal(digestOf([withoutPadding(padded)]), digestOf([padded]))
    t.end()
  })
}

for (const name of TEXT_RECORDINGS) {
  void t.test(`${name} is read back byte for byte`, (t) => {
    const text = recording(name)
    const { heard, reader } = listenTo([text])
    t.ok(heard.text === text.toString('latin1'))
    t.equal(heard.lineCount, heard.text.split('\n').length - 1)
    t.same(heard.troubles, [])
    t.equal(reader.kind, 'text')
    t.end()
  })
}

for (const name of ['v2.8.5-enriched', 'v2.8.5-enriched-node', 'v3.0.9-enriched-node-plugin']) {
  void t.test(`${name} has the lines of the log beside it`, (t) => {
    const { heard } = listenTo([recording(name.endsWith('plugin') ? `${name}.bin.gz` : `${name}.bin`)])
    const lines = linesOf(heard).replace(/^(node=node1 )?type=EOE .*\n/gm, '')
    const log = recording(`${name}.log`).toString('latin1')
    t.equal(comparable(lines), comparable(log))
    t.end()
  })
}

function linesOf(heard: Listener): string {
  const lines = heard.frames.map(({ version, type, payload, clean }) => {
    const line = Buffer.alloc(maxLineBytes(payload.length, 0))
    const end = writeLine(line, 0, version, type, payload, 0, payload.length, clean, NO_NODE)
    return line.toString('latin1', 0, end)
  })
  return lines.join('')
}

function comparable(lines: string): string {
  return lines.replace(/^(node=node1 )?type=DAEMON_(CONFIG|ROTATE) .*\n/gm, '')
}
