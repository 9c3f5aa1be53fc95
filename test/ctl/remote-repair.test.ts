import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { remoteRepair } from '../../src/ctl/remote-repair.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { testGapLine } from '../journal/journal-world.js'
import { fakeHost } from './fake-host.js'
import { sampleJournal } from './sample-journal.js'

async function plan(...args: readonly string[]) {
  const host = fakeHost('/')
  const status = await remoteRepair(args, host)
  return { status, out: host.printed().out }
}

function contents(dir: string): ReadonlyMap<string, string> {
  return new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'latin1')]))
}

function newest(dir: string): string {
  return readdirSync(dir).findLast((name) => /^0.*\.idx$/.test(name)) ?? ''
}

void test('nothing to do, a death, a torn tail', async (t) => {
  const dir = await sampleJournal(t.testdir())
  t.same(await plan('--plan', dir), { status: 0, out: `${dir}: closed in order, nothing to do\n` })
  for (const slot of ['cursor.a', 'cursor.b']) rmSync(join(dir, slot))
  const died = await plan('--plan', dir)
  t.equal(died.status, 0)
  t.match(died.out, new RegExp(`: not closed in order\\n  write the last commit anew, into 0{18}\\d\\d`))
  const idx = readFileSync(join(dir, newest(dir)))
  writeFileSync(join(dir, newest(dir)), Buffer.concat([idx, idx.subarray(0, 77)]))
  const before = contents(dir)
  t.match(await plan('--plan', dir), { status: 0, out: /cut 77 bytes of index at the end/ })
  t.same(contents(dir), before, 'nothing was changed')
})

void test('the plan is what the start does', async (t) => {
  const dir = await sampleJournal(t.testdir(), 100_000)
  const idx = newest(dir)
  const log = idx.replace('.idx', '.log')
  const bytes = readFileSync(join(dir, log))
  bytes[700] = 0x21
  writeFileSync(join(dir, log), bytes)
  const before = contents(dir)
  const { status, out } = await plan('--plan', dir)
  t.same(contents(dir), before)
  t.equal(status, 1)
  t.match(out, `${dir}: damaged\n  set aside in quarantine/: bytes of ${idx} `)
  t.match(out, 'enter a LOSS of seqs 3 to 4 of db.example.org')
  t.match(out, 'with on_damage = stop the program would not start')
  const json = JSON.parse((await plan('--plan', '--json', dir)).out)
  const named = json.journals[0].changes.flatMap((change: { kind: string; to: string }) =>
    change.kind === 'rename' && change.to.endsWith('.idx') ? [change.to] : [],
  )
  const disk = await DiskJournal.open(dir, testGapLine, { onDamage: 'skip' })
  t.ok(readdirSync(dir).includes(named[0]))
  t.match(JSON.parse(JSON.stringify(disk.journal.report)), json.journals[0].report)
  await disk.close()
  t.match(await plan('--plan', dir), { status: 0 })
})

void test('without --plan it does not even that', async (t) => {
  await t.rejects(plan(t.testdir()), { code: 'usage', message: /--plan is missing/ })
  t.match(await plan('--help'), { status: 0, out: /^usage: audispctl remote repair --plan/ })
})
