import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { Journal } from '../../src/journal/journal.js'
import { logName } from '../../src/journal/segment-name.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, testGapLine } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const NAME = 'remote.log'
const TAIL = '/usr/bin/tail'
const POLL_MS = 10
const DEADLINE_MS = 60_000
/** Where tail watches: on the file systems of containers it looks every second instead, and misses what is rotated in between. */
const WATCHED = '/dev/shm'

/** How many files and directories a process watches by inotify. */
function watchesOf(pid: number): number {
  const dir = `/proc/${pid}/fdinfo`
  const infos = readdirSync(dir).map((fd) => {
    try {
      return readFileSync(join(dir, fd), 'utf8')
    } catch {
      // ENOENT: it has been closed.
      return ''
    }
  })
  return infos.join('').match(/^inotify wd:/gm)?.length ?? 0
}

async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const isOver = new AbortController()
  const late = pause(DEADLINE_MS, undefined, { signal: isOver.signal }).then(() => {
    throw new Error(`did not happen within ${DEADLINE_MS / 1000} s: ${what}`)
  })
  // Aborted, when it is not wanted any more.
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    isOver.abort()
  }
}

void test('tail -F sees every line once, over rotations and a restart', async (t) => {
  const dir = mkdtempSync(join(existsSync(WATCHED) ? WATCHED : tmpdir(), 'audispd-test-'))
  t.teardown(() => {
    rmSync(dir, { recursive: true })
  })
  let disk = await DiskJournal.open(dir, testGapLine, { currentLog: NAME })
  const tail = spawn('/usr/bin/env', ['-i', TAIL, '-n', '+1', '-F', join(dir, NAME)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => tail.kill('SIGKILL'))
  const lines = createInterface({ input: tail.stdout })[Symbol.asyncIterator]()
  for (let round = 0; round < 8; round++) {
    if (round === 5) {
      await disk.close()
      disk = await DiskJournal.open(dir, testGapLine, { currentLog: NAME })
      t.notOk(readdirSync(dir).includes(`${NAME}.new`))
    }
    for (let index = 0; index < 3; index++) {
      disk.journal.append(linesOf(`r${round}.${index}`, 1), 1, NO_SOURCE)
      await disk.commit()
    }
    const linesCame = async (): Promise<void> => {
      for (let index = 0; index < 3; index++) {
        const line = `r${round}.${index}.0 `
        t.equal((await within(line, lines.next())).value, line)
      }
    }
    // What it opens before it watches may be replaced in between, and then it waits for ever.
    if (round === 0) {
      await linesCame()
      const watches = async (): Promise<void> => {
        while (watchesOf(tail.pid ?? 0) < 2) await pause(POLL_MS)
      }
      await within('tail watches the file and its directory', watches())
    }
    t.equal(await disk.write(() => disk.journal.rotate()), true)
    t.equal(await disk.write(() => disk.journal.rotate()), false, 'nothing in it yet')
    if (round > 0) await linesCame()
  }
  t.ok(lstatSync(join(dir, NAME)).isFile())
  t.notOk(readdirSync(dir).includes(`${NAME}.new`))
  t.equal(lstatSync(join(dir, NAME)).nlink, 2)
  t.equal(disk.journal.segments.length, 9)
  const plain = readdirSync(dir).filter((name) => /^0.*\.log$/.test(name))
  t.equal(
    plain
      .map((name) => readFileSync(join(dir, name), 'utf8'))
      .join('')
      .split('\n').length,
    25,
  )
  await disk.close()
})

void test('the name is always there, and the start sets it right', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const open = (on: MemoryDisk): Journal => on.run(Journal.open(quietWorld(), { currentLog: NAME }))
  const journal = open(disk)
  const fill = (text: string): void => {
    journal.append(linesOf(text, 1), 1, NO_SOURCE)
    disk.run(journal.commit())
  }
  fill('a')
  t.equal(disk.files.get(NAME)?.toString(), 'a.0 \n')
  disk.onOp = () => {
    if (!disk.files.has(NAME)) t.fail('the name was gone')
    const image = new MemoryDisk(new Random(2), disk.image(512))
    const again = open(image)
    const current = again.segments.at(-1)
    t.same(image.files.get(NAME), current && image.files.get(logName(current)), 'after a power failure')
  }
  t.equal(disk.run(journal.rotate()), true)
  t.equal(disk.files.get(NAME)?.toString(), '')
  fill('b')
  t.equal(disk.files.get(NAME)?.toString(), 'b.0 \n')
  disk.onOp = () => {}
  disk.interfere = (op) => (op.kind === 'link' ? 'EPERM' : 'do')
  t.equal(disk.run(journal.rotate()), true, 'a disk that cannot link has no such name, and all else')
  fill('c')
  t.equal(journal.durablePosition, 3)
  t.end()
})

void test('a rotation that fails changes nothing, and is tried again', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld(), { currentLog: NAME }))
  for (const kind of ['create', 'write', 'sync', 'rename'] as const) {
    journal.append(linesOf(kind, 1), 1, NO_SOURCE)
    t.match(disk.run(journal.commit()), { kind: 'durable' })
    let left = 1
    disk.interfere = (op) => (op.kind === kind && left-- > 0 ? 'ENOSPC' : 'do')
    t.throws(() => disk.run(journal.rotate()), { code: 'ENOSPC' })
    journal.append(linesOf(`${kind} on`, 1), 1, NO_SOURCE)
    t.match(disk.run(journal.commit()), { kind: 'durable' })
    disk.run(journal.rotate())
  }
  t.equal(journal.durablePosition, 8)
  const work = journal.commit()
  journal.append(linesOf('x', 1), 1, NO_SOURCE)
  work.next()
  t.throws(() => disk.run(journal.rotate()), /under way/)
  t.end()
})
