import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { remoteVerify } from '../../src/ctl/remote-verify.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { testGapLine } from '../journal/journal-world.js'
import { fakeHost } from './fake-host.js'
import { sampleJournal, WEB } from './sample-journal.js'

interface Answer {
  readonly status: number
  readonly out: string
}

async function verified(...args: readonly string[]): Promise<Answer> {
  const host = fakeHost('/')
  const status = await remoteVerify(args, host)
  return { status, out: host.printed().out }
}

function indexes(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.idx'))
    .toSorted()
}

void test('a sound journal, at rest and in use', async (t) => {
  const dir = await sampleJournal(t.testdir())
  const segments = indexes(dir).length
  t.ok(segments > 2)
  const text = `${dir}: ${segments} segments, 19 blocks, 37 records, 3 streams: all is there\n`
  t.same(await verified(dir), { status: 0, out: text })
  const before = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).length])
  const disk = await DiskJournal.open(dir, testGapLine)
  t.match(await verified(dir, '--json'), { status: 0 })
  await disk.close()
  t.same(
    readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).length]),
    before,
    'nothing was written',
  )
})

void test('what is changed, missing, and entered as gone', async (t) => {
  const dir = await sampleJournal(t.testdir())
  const [first = '', second = ''] = indexes(dir)
  const log = join(dir, first.replace('.idx', '.log'))
  const bytes = readFileSync(log)
  bytes[10] = 0x21
  writeFileSync(log, bytes)
  const changed = await verified(dir)
  t.equal(changed.status, 1)
  t.match(changed.out, `  changed seqs 1 to 2 of web.example.org ${WEB.stream} in ${first.slice(0, -4)} (lines at `)
  rmSync(join(dir, second))
  const both = await verified(dir, '--json')
  const { journals, exitStatus } = JSON.parse(both.out)
  t.equal(exitStatus, 1)
  t.match(
    journals[0].findings.map(({ kind, principal }: { kind: string; principal: string }) => [kind, principal]),
    [
      ['changed', WEB.principal],
      ['missing', WEB.principal],
      ['missing', 'db.example.org'],
    ],
  )
  const disk = await DiskJournal.open(dir, testGapLine)
  const end = disk.journal.durable(WEB)?.lastSeq ?? 0
  disk.journal.skip(WEB, end + 5, Buffer.alloc(32, 1), 'freed-by-the-sender')
  await disk.commit()
  await disk.close()
  const hole = await verified(dir)
  t.match(hole.out, new RegExp(`hole seqs ${end + 1} to ${end + 5} of web.example.org .* \\(freed-by-the-sender\\)`))
})

void test('no journal, no such option', async (t) => {
  await t.rejects(verified(t.testdir()), { code: 'system' })
  await t.rejects(verified('--frobnicate'), { code: 'usage' })
  t.match(await verified('--help'), { status: 0, out: /^usage: audispctl remote verify/ })
})
