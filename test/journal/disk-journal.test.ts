import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import type { ReadBlock, ReadDamage } from '../../src/journal/journal-reader.js'
import { takeLock } from '../../src/journal/lock.js'
import { NodeFilePort } from '../../src/journal/node-file-port.js'
import { diskSpace, runWork } from '../../src/journal/file-port.js'
import { verify } from '../../src/journal/verify.js'
import { linesOf, readAll, readLines, testGapLine } from './journal-world.js'

void test('written, closed, opened and read, on a real disk', async (t) => {
  const dir = join(t.testdir(), 'spool')
  const first = await DiskJournal.open(dir, testGapLine, { segmentBytes: 4000 })
  const expected: string[] = []
  for (let index = 0; index < 40; index++) {
    const lines = linesOf(`line${index}`, 3, 100)
    first.journal.append(lines, 3, { run: Buffer.alloc(16, 1), seq: 3 * index + 3 })
    expected.push(lines.toString())
    t.match(await first.commit(), { kind: 'durable', position: 3 * index + 3, poisoned: undefined })
  }
  t.ok(first.journal.segments.length > 2)
  t.ok((await first.write(() => first.journal.purge(50))) > 0)
  await first.close()
  const second = await DiskJournal.open(dir, testGapLine)
  t.ok(second.journal.report.wasClean)
  const kept = await second.read(readLines(second.journal))
  t.same(kept, expected.slice(-kept.length))
  const plain = readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
  t.equal(plain.map((name) => readFileSync(join(dir, name), 'utf8')).join(''), kept.join(''), 'the logs are the lines')
  t.match(await second.read(verify()), { findings: [], streams: 1, lines: 3 * kept.length })
  await second.close()
})

void test('one writer', async (t) => {
  const dir = t.testdir()
  const first = await DiskJournal.open(dir, testGapLine)
  await t.rejects(DiskJournal.open(dir, testGapLine), { code: 'locked' })
  await first.close()
  const second = await DiskJournal.open(dir, testGapLine)
  await second.close()
})

void test('the lock ends with its process, however that ends', async (t) => {
  const dir = t.testdir()
  const program = `import { takeLock } from ${JSON.stringify(new URL('../../src/journal/lock.js', import.meta.url).href)}
takeLock(${JSON.stringify(dir)}); process.stdout.write('locked'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  t.throws(() => takeLock(dir), { code: 'locked' })
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
  takeLock(dir)()
})

void test('a reader beside the writer sees every block once', async (t) => {
  const disk = await DiskJournal.open(t.testdir(), testGapLine, { segmentBytes: 20_000 })
  const { journal } = disk
  const reader = journal.reader(1)
  const seen: (ReadBlock | ReadDamage)[] = []
  let isWriting = true
  const reading = (async () => {
    for (;;) {
      const isLast = !isWriting
      const item = await disk.read(reader.next())
      if (item !== undefined) seen.push(item)
      else if (isLast) return
      else await turn()
    }
  })()
  for (let index = 0; index < 200; index++) {
    journal.append(linesOf(`line${index}`, 1, 300), 1, NO_SOURCE)
    await disk.commit()
  }
  isWriting = false
  await reading
  t.same(
    seen.map((item) => item.kind === 'block' && item.entry.position),
    Array.from({ length: 200 }, (_, index) => index + 1),
  )
  await disk.close()
})

void test('after a death the last commit is written anew', async (t) => {
  const dir = t.testdir()
  const first = await DiskJournal.open(dir, testGapLine)
  for (const text of ['a', 'b']) {
    first.journal.append(linesOf(text, 1), 1, NO_SOURCE)
    await first.commit()
  }
  // What a death leaves: no closing cursor, and half an entry behind the last.
  const files = new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]))
  await first.close()
  for (const [name, bytes] of files)
    writeFileSync(join(dir, name), name.endsWith('.idx') ? Buffer.concat([bytes, bytes.subarray(0, 50)]) : bytes)
  const second = await DiskJournal.open(dir, testGapLine)
  t.match(second.journal.report, { wasClean: false, tornBytes: 50, damages: [], missingTail: 0 })
  t.same(
    second.journal.segments.map(({ firstSeq }) => firstSeq),
    [1, 2],
  )
  t.equal((await second.read(readAll(second.journal))).length, 2)
  t.equal(readFileSync(join(dir, '00000000000000000001.log'), 'utf8'), 'a.0 \n')
  await second.close()
})

void test('every operation, and its errors', async (t) => {
  const port = new NodeFilePort(t.testdir())
  const one = async (op: Parameters<NodeFilePort['run']>[0][number]): Promise<unknown> => (await port.run([op]))[0]
  const done = { kind: 'done' }
  t.same(await one({ kind: 'create', file: 'a' }), done)
  t.match(await one({ kind: 'create', file: 'a' }), { kind: 'failed', code: 'EEXIST' })
  const chunks = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index % 10}`))
  t.same(await one({ kind: 'write', file: 'a', at: 2, chunks }), done, 'more pieces than one call takes')
  t.same(
    await port.run([
      { kind: 'sync', file: 'a' },
      { kind: 'truncate', file: 'a', bytes: 5 },
    ]),
    [done, done],
  )
  t.same(await one({ kind: 'rename', file: 'a', to: 'b' }), done)
  t.match(await one({ kind: 'read', file: 'b', at: 2, bytes: 100 }), { kind: 'bytes', bytes: Buffer.from('012') })
  t.same(
    await port.run([
      { kind: 'make-dir', dir: 'd' },
      { kind: 'make-dir', dir: 'd' },
    ]),
    [done, done],
  )
  t.same(await one({ kind: 'list' }), { kind: 'files', files: [{ name: 'b', bytes: 5 }] })
  t.same(await one({ kind: 'link', file: 'b', to: 'second' }), done)
  t.match(await one({ kind: 'link', file: 'b', to: 'second' }), { kind: 'failed', code: 'EEXIST' })
  t.same(await one({ kind: 'unlink', file: 'second' }), done)
  const { freeBytes, totalBytes } = await runWork(port, diskSpace())
  t.ok(freeBytes > 0 && totalBytes > freeBytes)
  const afterFailure = await port.run([
    { kind: 'write', file: 'nowhere/x', at: 0, chunks: [Buffer.from('x')] },
    { kind: 'sync', file: 'nowhere/x' },
    { kind: 'sync', file: 'b' },
  ])
  t.match(afterFailure, [{ kind: 'failed', code: 'ENOENT' }, { kind: 'failed', code: 'ENOENT' }, done])
  t.same(await one({ kind: 'sync-dir', dir: '' }), done)
  t.same(await one({ kind: 'close', file: 'b' }), done)
  t.match(await one({ kind: 'read', file: 'b', at: 0, bytes: 9 }), { kind: 'bytes' })
  t.same(
    await one({ kind: 'write', file: 'b', at: 0, chunks: [Buffer.from('x')] }),
    done,
    'opened again where it has to be',
  )
  t.same(await one({ kind: 'unlink', file: 'b' }), done)
  for (const kind of ['unlink', 'sync', 'close'] as const)
    t.match(await one({ kind, file: 'b' }), { kind: kind === 'close' ? 'done' : 'failed' })
  t.match(await one({ kind: 'read', file: 'b', at: 0, bytes: 1 }), { kind: 'failed', code: 'ENOENT' })
  t.match(await one({ kind: 'sync-dir', dir: 'nowhere' }), { kind: 'failed', code: 'ENOENT' })
  await t.rejects(
    runWork(
      port,
      (function* () {
        yield []
        throw new Error('a bug')
      })(),
    ),
    /a bug/,
  )
  await port.close()
})
