import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { remoteExport } from '../../src/ctl/remote-export.js'
import { NO_SOURCE } from '../../src/journal/block.js'
import { JournalStore } from '../../src/journal/journal-store.js'
import { NodeFilePort } from '../../src/journal/node-file-port.js'
import { linesOf, quietWorld } from '../journal/journal-world.js'
import { fakeHost } from './fake-host.js'
import { DB, sampleJournal, WEB } from './sample-journal.js'

async function exported(...args: readonly string[]) {
  const host = fakeHost('/')
  const status = await remoteExport(args, host)
  return { status, ...host.printed() }
}

function logsOf(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /^0.*\.log$/.test(name))
    .toSorted()
}

void test('all lines, those of one stream, those with what is known of them', async (t) => {
  const dir = await sampleJournal(t.testdir())
  const plain = logsOf(dir).map((name) => readFileSync(join(dir, name), 'utf8'))
  t.ok(plain.length > 2)
  t.same(await exported(dir), { status: 0, out: plain.join(''), warned: '' })
  const ofDb = plain
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('db'))
  t.equal((await exported('--stream', DB.stream.slice(0, 4), dir)).out, ofDb.map((line) => `${line}\n`).join(''))
  const json = await exported('--json', '--stream', WEB.stream, dir)
  const records: unknown[] = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(records.length, 18)
  t.match(records[3], { ...WEB, seq: 4, kind: 'data', record: `web1.1 ${'x'.repeat(100)}`, position: 6 })
})

void test('since a time, in a spool', async (t) => {
  const dir = t.testdir()
  const port = new NodeFilePort(dir)
  let nowMs = Date.parse('2026-01-01T00:00:00Z')
  const world = { ...quietWorld(), wallMs: () => nowMs }
  const store = await JournalStore.over(port, world, { segmentBytes: 1000 })
  for (let hour = 0; hour < 10; hour++) {
    store.journal.append(linesOf(`hour${hour}`, 1, 300), 1, NO_SOURCE)
    await store.commit()
    nowMs += 3_600_000
  }
  await store.write(() => store.journal.forkOwn(6, Buffer.alloc(32, 1)))
  await port.close()
  const hours = async (...args: readonly string[]): Promise<string[]> =>
    [...(await exported(...args, dir)).out.matchAll(/hour(\d)/g)].map(([, hour]) => hour ?? '')
  t.same(await hours('--since', '2026-01-01T07:00:00Z'), ['7', '8', '9'])
  t.same(await hours('--since', '2026-01-01T09:30:00+02:00'), ['8', '9'])
  t.same(await hours('--since', String(Date.parse('2026-01-01T09:00:00Z') / 1000)), ['9'])
  t.equal((await hours('--since', '2026-01-01')).length, 10)
  const forked = store.journal.meta.timelines[1]?.stream ?? ''
  t.same(await hours('--stream', forked), ['5', '6', '7', '8', '9'], 'by the id that a collector knows')
})

void test('damage is left out and told; an unfinished end is neither', async (t) => {
  const dir = await sampleJournal(t.testdir())
  const all = (await exported(dir)).out
  const [first = '', ...others] = logsOf(dir)
  const bytes = readFileSync(join(dir, first))
  bytes[10] = 0x21
  writeFileSync(join(dir, first), bytes)
  const damaged = await exported(dir)
  t.equal(damaged.status, 1)
  t.equal(
    damaged.warned,
    `audispctl remote export: ${dir}: damaged, left out: seqs 1 to 2 of stream ${WEB.stream} in ${first.slice(0, -4)}\n`,
  )
  t.equal(damaged.out, all.split('\n').slice(2).join('\n'))
  const last = (others.at(-1) ?? '').replace('.log', '.idx')
  const idx = readFileSync(join(dir, last))
  writeFileSync(join(dir, last), Buffer.concat([idx, idx.subarray(-100)]))
  t.equal((await exported(dir)).warned, damaged.warned)
})

void test('what is no time and no id', async (t) => {
  for (const bad of ['yesterday', '2026-13-01', '2026-01-01 10:00', '-5', ''])
    await t.rejects(exported('--since', bad), { code: 'usage' }, bad)
  await t.rejects(exported('--stream', 'XYZ'), { code: 'usage' })
  t.match(await exported('--help'), { status: 0, out: /^usage: audispctl remote export/ })
})
