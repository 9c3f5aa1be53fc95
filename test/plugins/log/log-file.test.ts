import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'tap'
import type { LogConfig } from '../../../plugins/log/config.js'
import { NODE_LOG_DISK } from '../../../plugins/log/log-disk.js'
import type { LogFile } from '../../../plugins/log/log-file.js'
import { SinkTrouble } from '../../../plugins/log/sink.js'
import { timeOfLast } from '../../../plugins/log/whole-lines.js'
import { writersOf } from '../../../plugins/log/writer-of.js'
import { Random } from '../../protocol/random.js'
import { diskFailure, DyingDisk } from './dying-disk.js'
import { line, lines, LogPlace, textOf } from './log-place.js'

const RUN = 'one-run'
const RECORDS = 16
const PIECE = 2
/** Three pieces. */
const SMALL = 400

/** Every way in which files are named and compressed. */
const WAYS: readonly Partial<LogConfig>[] = (['simple', 'solaris'] as const).flatMap((names) =>
  (['off', 'rotated', 'stream'] as const).map((compress) => ({ names, compress })),
)

/** Gives records from the first that is not there, until the end or a death; gives the last one that was acknowledged. */
async function feed(file: LogFile, acked: number, to: number): Promise<number> {
  let last = acked
  try {
    for (let n = Math.max(file.from(RUN) ?? 1, acked + 1); n <= to; n += PIECE) {
      await file.append(lines(n, Math.min(n + PIECE - 1, to)))
      last = Math.min(n + PIECE - 1, to)
      await file.idle()
    }
  } catch (error) {
    if (!(error instanceof SinkTrouble)) throw error
  }
  return last
}

for (const way of WAYS) {
  const config: Partial<LogConfig> = { ...way, maxFileBytes: way.compress === 'stream' ? 250 : SMALL, numLogs: 99 }
  void test(`names = ${way.names}, compress = ${way.compress}: dead at any call, each record is there once`, async (t) => {
    const random = new Random(7)
    let deaths = 0
    // What differs between the ways of naming is few calls.
    for (let dieAt = 0; ; dieAt += way.names === 'simple' ? 1 : 2) {
      const place = new LogPlace(t)
      const first = new DyingDisk(dieAt)
      let acked = await feed(place.file(first, config), 0, RECORDS)
      first.bury()
      if (acked === RECORDS && dieAt > first.calls) break
      deaths++
      // The next one dies as well, somewhere in what it finds.
      const second = new DyingDisk(random.below(12))
      acked = await feed(place.file(second, config), acked, RECORDS)
      second.bury()
      const third = new DyingDisk()
      const file = place.file(third, config)
      acked = await feed(file, acked, RECORDS)
      await file.close()
      third.bury()
      const all = place.all()
      if (all === textOf(1, RECORDS) && acked === RECORDS) continue
      t.equal(all, textOf(1, RECORDS), `dead at call ${dieAt}: ${place.names().join(' ')}: ${place.said.join('; ')}`)
      break
    }
    t.ok(deaths >= 10, `${deaths} deaths`)
  })
}

void test('another run cuts nothing but a torn end, and that is kept beside', async (t) => {
  const place = new LogPlace(t)
  await feed(place.file(new DyingDisk()), 0, 4)
  appendFileSync(place.path('audit.log'), `${line(5)}type=USER msg=au`)
  const file = place.file(new DyingDisk())
  t.equal(file.from('another'), undefined)
  await file.append(lines(6, 7))
  t.equal(place.all(), textOf(1, 7))
  t.equal(readFileSync(place.path('audit.log.torn'), 'latin1'), 'type=USER msg=au\n')
  t.same(place.said, ['a torn end was cut off, and is kept beside the log'])
})

void test('the same run cuts back to what it acknowledged, and takes it again', async (t) => {
  const place = new LogPlace(t)
  await feed(place.file(new DyingDisk()), 0, 4)
  appendFileSync(place.path('audit.log'), `${line(5)}type=USER msg=au`)
  const file = place.file(new DyingDisk())
  t.equal(file.from(RUN), 5)
  await file.append(lines(5, 6))
  t.equal(place.all(), textOf(1, 6))
  t.same(place.names(), ['audit.log', 'audit.log.state'])
})

void test('a file that is not ours by the state is not cut, but for its torn end', async (t) => {
  const place = new LogPlace(t)
  await feed(place.file(new DyingDisk()), 0, 4)
  renameSync(place.path('audit.log'), place.path('moved'))
  writeFileSync(place.path('audit.log'), `${textOf(1, 3)}half`)
  const file = place.file(new DyingDisk())
  t.equal(file.from(RUN), 5)
  await file.append(lines(5, 5))
  t.equal(place.all(), textOf(1, 3) + line(5))
})

void test('a compressed file with a torn end goes on behind its last whole write', async (t) => {
  for (const run of [RUN, 'another']) {
    const place = new LogPlace(t)
    const config = { compress: 'stream' } as const
    await feed(place.file(new DyingDisk(), config), 0, 4)
    const whole = readFileSync(place.path('audit.log.gz'))
    appendFileSync(place.path('audit.log.gz'), whole.subarray(0, 20))
    const file = place.file(new DyingDisk(), config)
    t.equal(file.from(run), run === RUN ? 5 : undefined)
    await file.append(lines(5, 6))
    t.equal(place.text('audit.log.gz'), textOf(1, 6), run)
    t.equal(place.names().includes('audit.log.torn'), run !== RUN)
  }
})

void test('nothing is written behind the zeros that a loss of power can leave: nobody would read it', async (t) => {
  const place = new LogPlace(t)
  const config = { compress: 'stream' } as const
  await feed(place.file(new DyingDisk(), config), 0, 4)
  appendFileSync(place.path('audit.log.gz'), Buffer.alloc(100))
  rmSync(place.path('audit.log.state'))
  const file = place.file(new DyingDisk(), config)
  file.from('another')
  await file.append(lines(5, 6))
  t.same(place.logs(), ['audit.log.1.gz', 'audit.log.gz'])
  t.equal(place.text('audit.log.gz'), textOf(5, 6))
  t.equal(place.all(), textOf(1, 6))
})

void test('num_logs and keep say what stays', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { maxFileBytes: SMALL, numLogs: 3 })
  await feed(file, 0, 20)
  t.same(place.logs(), ['audit.log.2', 'audit.log.1', 'audit.log'])
  t.equal(place.all(), textOf(7, 20))
  t.same(place.said, ['a file was removed, as num_logs and keep say'])
  const oldSeconds = place.clock.wallMs() / 1000 - 61
  utimesSync(place.path('audit.log.1'), oldSeconds, oldSeconds)
  utimesSync(place.path('audit.log'), oldSeconds, oldSeconds)
  file.use({ config: place.config({ keepMs: 60_000 }), gid: 0 })
  t.same(place.logs(), ['audit.log.2', 'audit.log'], 'the one that is written stays')
})

void test('keep_logs keeps them all; ignore and syslog let the file grow, suspend stops', async (t) => {
  const place = new LogPlace(t)
  await feed(place.file(new DyingDisk(), { maxFileBytes: SMALL, maxFileAction: 'keep_logs', numLogs: 0 }), 0, 20)
  t.equal(place.all(), textOf(1, 20))
  t.equal(place.logs().length, 4)
  for (const maxFileAction of ['ignore', 'syslog'] as const) {
    const other = new LogPlace(t)
    await feed(other.file(new DyingDisk(), { maxFileBytes: SMALL, maxFileAction }), 0, 20)
    t.same(other.logs(), ['audit.log'])
    t.same(other.said, maxFileAction === 'syslog' ? ['the log is larger than max_log_file'] : [], 'told once')
  }
  const suspended = new LogPlace(t)
  const file = suspended.file(new DyingDisk(), { maxFileBytes: SMALL, maxFileAction: 'suspend' })
  t.equal(await feed(file, 0, 20), 6)
  await file.append(lines(7, 8))
  t.equal(suspended.all(), textOf(1, 8), 'and goes on when it is told to')
})

void test('periods rotate, whatever the size; an empty file is not rotated', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { rotateEveryMs: 60_000, rotateAt: 'utc' })
  await file.append(lines(1, 1))
  await place.clock.pass(60_000)
  await file.append(lines(2, 2))
  await place.clock.pass(30_000)
  file.rotate()
  file.rotate()
  await place.clock.pass(60_000)
  await file.append(lines(3, 3))
  t.same(place.logs(), ['audit.log.2', 'audit.log.1', 'audit.log'])
  t.ok(place.said.includes('there is nothing to rotate; the file is empty'))
})

void test('a rotation that is asked for in the midst of a write waits for its end', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk)
  await file.append(lines(1, 1))
  disk.onWrite = () => {
    disk.onWrite = () => {}
    file.rotate()
    t.same(place.logs(), ['audit.log'])
  }
  await file.append(lines(2, 3))
  t.equal(place.text('audit.log.1'), textOf(1, 3))
  await file.append(lines(4, 4))
  t.equal(place.text('audit.log'), textOf(4, 4))
})

void test('rotated files are compressed and keep their time; one that cannot be stays as it is', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk, { compress: 'rotated' })
  await file.append(lines(1, 2))
  utimesSync(place.path('audit.log'), 1_700_000_000, 1_700_000_000)
  file.rotate()
  await file.idle()
  t.same(place.logs(), ['audit.log.1.gz', 'audit.log'])
  t.equal(statSync(place.path('audit.log.1.gz')).mtimeMs, 1_700_000_000_000)
  await file.append(lines(3, 3))
  file.rotate()
  disk.failing = { call: 'rename', code: 'ENOSPC' }
  await file.idle()
  t.same(place.logs(), ['audit.log.2.gz', 'audit.log.1', 'audit.log'])
  t.ok(place.said.includes('a rotated file cannot be compressed; it stays as it is until the next rotation'))
  t.notOk(place.names().includes('audit.log.packing'))
  disk.failing = undefined
  await file.append(lines(4, 4))
  file.rotate()
  await file.idle()
  t.same(place.logs(), ['audit.log.3.gz', 'audit.log.2.gz', 'audit.log.1.gz', 'audit.log'])
  t.equal(place.all(), textOf(1, 4))
})

void test('a file that is rotated on while it is about to be compressed keeps its records', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { compress: 'rotated' })
  await file.append(lines(1, 2))
  file.rotate()
  renameSync(place.path('audit.log.1'), place.path('audit.log.2'))
  writeFileSync(place.path('audit.log.1'), textOf(3, 4))
  await file.append(lines(5, 5))
  await file.idle()
  t.same(place.logs(), ['audit.log.2.gz', 'audit.log.1.gz', 'audit.log'])
  t.equal(place.all(), textOf(1, 5))
})

void test('a file that goes while it is compressed is nothing to tell of', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { compress: 'rotated' })
  await file.append(lines(1, 2))
  file.rotate()
  rmSync(place.path('audit.log.1'))
  await file.idle()
  t.same(place.names(), ['audit.log', 'audit.log.state'])
  t.same(place.said, [])
})

void test('a directory that cannot be listed is told, and the log goes on', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk)
  await file.append(lines(1, 1))
  disk.list = () => {
    throw diskFailure('EIO')
  }
  file.use({ config: place.config({ numLogs: 2 }), gid: 0 })
  await file.append(lines(2, 2))
  t.same(place.said, ['old files cannot be removed'])
  t.equal(place.all(), textOf(1, 2))
})

void test('a rotation that a death has interrupted is brought to its end by the next start', async (t) => {
  const place = new LogPlace(t)
  writeFileSync(place.path('audit.log'), textOf(3, 4))
  writeFileSync(place.path('audit.log.2'), textOf(1, 2))
  await place.file(new DyingDisk()).append(lines(5, 5))
  t.same(place.logs(), ['audit.log.2', 'audit.log.1', 'audit.log'])
  t.equal(place.all(), textOf(1, 5))
})

void test('what does not fit is taken back whole, and goes on when there is room', async (t) => {
  for (const compress of ['off', 'stream'] as const) {
    const place = new LogPlace(t)
    const disk = new DyingDisk()
    const file = place.file(disk, { compress })
    await file.append(lines(1, 2))
    disk.roomBytes = 40
    await t.rejects(file.append(lines(3, 4)), { code: 'full' })
    t.equal(place.all(), textOf(1, 2), 'nothing torn stays')
    disk.roomBytes = Infinity
    await file.append(lines(3, 4))
    t.equal(place.all(), textOf(1, 4))
  }
})

void test('the state that cannot be written, and the flush that fails, take the lines back too', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk, { flush: 'data' })
  await file.append(lines(1, 2))
  disk.failing = { call: 'sync', code: 'EIO' }
  await t.rejects(file.append(lines(3, 4)), { code: 'error' })
  t.equal(place.all(), textOf(1, 2))
  disk.failing = undefined
  await file.append(lines(3, 4))
  t.equal(place.all(), textOf(1, 4))
})

void test('room is made by losing the oldest', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk, { maxFileBytes: SMALL })
  await feed(file, 0, 14)
  t.same(place.logs(), ['audit.log.2', 'audit.log.1', 'audit.log'])
  t.equal(file.freeOldest(), true)
  t.equal(file.freeOldest(), true)
  t.same(place.logs(), ['audit.log'])
  t.equal(file.freeOldest(), true, 'the one that is written becomes the oldest')
  t.equal(file.freeOldest(), true)
  t.equal(place.all(), '')
  t.equal(file.freeOldest(), false)
})

void test('a rotation that fails is told, and the log goes on in the same file', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk, { maxFileBytes: SMALL })
  disk.failing = { call: 'rename', code: 'EROFS' }
  await feed(file, 0, 12)
  t.same(place.logs(), ['audit.log'])
  t.equal(place.all(), textOf(1, 12))
  t.equal(place.errors.length, 1, 'and not tried at every write')
  disk.failing = undefined
  await place.clock.pass(10_000)
  await feed(file, 12, 14)
  t.same(place.logs(), ['audit.log.1', 'audit.log'])
})

void test('somebody else has moved the file: the next rotation begins a new one and touches nothing', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk())
  await file.append(lines(1, 2))
  renameSync(place.path('audit.log'), place.path('moved'))
  file.rotate()
  await file.append(lines(3, 3))
  t.equal(place.all(), textOf(3, 3))
  t.equal(readFileSync(place.path('moved'), 'latin1'), textOf(1, 2))
  t.same(place.errors, [])
})

void test('solaris names: not_terminated while it is written, both times after it, and repaired by the last record', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { names: 'solaris' })
  await file.append(lines(1, 2))
  t.same(place.logs(), ['20231114221321.not_terminated.web1'])
  await place.clock.pass(5000)
  file.rotate()
  await file.append(lines(3, 3))
  t.same(place.logs(), ['20231114221321.20231114221326.web1', '20231114221326.not_terminated.web1'])
  // A death, and another run of the dispatcher: record 60 is of 22:14:20.
  appendFileSync(place.path('20231114221326.not_terminated.web1'), `${line(60)}to`)
  await place.clock.pass(100_000)
  const next = place.file(new DyingDisk(), { names: 'solaris' })
  next.from('another')
  await next.append(lines(61, 61))
  t.same(place.logs(), [
    '20231114221321.20231114221326.web1',
    '20231114221326.20231114221420.web1',
    '20231114221506.not_terminated.web1',
  ])
  await place.clock.pass(1000)
  await next.close()
  t.same(place.logs().slice(-1), ['20231114221506.20231114221507.web1'])
  t.equal(place.all(), textOf(1, 3) + textOf(60, 61))
})

void test('solaris names: the end leaves no empty file that looks like a death', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { names: 'solaris' })
  await file.append(lines(1, 1))
  await place.clock.pass(1000)
  file.rotate()
  t.equal(place.logs().length, 2)
  await file.close()
  t.same(place.logs(), ['20231114221321.20231114221322.web1'])
})

void test('a change from plain to compressed retires what was written', async (t) => {
  const place = new LogPlace(t)
  await feed(place.file(new DyingDisk()), 0, 2)
  const file = place.file(new DyingDisk(), { compress: 'stream' })
  t.equal(file.from(RUN), 3)
  await file.append(lines(3, 4))
  t.same(place.logs(), ['audit.log.1', 'audit.log.gz'])
  t.equal(place.all(), textOf(1, 4))
})

void test('files are readable by their group alone, or by nobody else', async (t) => {
  const place = new LogPlace(t)
  await place.file(new DyingDisk()).append(lines(1, 1))
  t.equal(statSync(place.path('audit.log')).mode & 0o777, 0o600)
  t.equal(statSync(place.path('audit.log.state')).mode & 0o777, 0o600)
})

void test(
  'a file that is there already gets the group and its mode',
  { skip: process.getuid?.() !== 0 && 'only root gives files away' },
  (t) => {
    const place = new LogPlace(t)
    const path = place.path('audit.log')
    writeFileSync(path, '', { mode: 0o600 })
    NODE_LOG_DISK.close(NODE_LOG_DISK.open(path, 4))
    const { mode, uid, gid } = statSync(path)
    t.same([mode & 0o777, uid, gid], [0o640, 0, 4])
    t.end()
  },
)

void test('names are brought to the disk behind each rotation', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk)
  await file.append(lines(1, 1))
  disk.failing = { call: 'syncDir', code: 'EIO' }
  file.rotate()
  t.same(place.said, ['the log cannot be rotated; going on with the same file'])
  disk.failing = undefined
  await file.append(lines(2, 2))
  t.equal(place.all(), textOf(1, 2))
})

void test('what could not be taken back does not go into the next file and stay in this one', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk)
  await file.append(lines(1, 1))
  disk.roomBytes = 70
  disk.failing = { call: 'cut', code: 'EIO' }
  await t.rejects(file.append(lines(2, 3)), { code: 'full' })
  file.rotate()
  t.same(place.logs(), ['audit.log'])
  disk.failing = undefined
  disk.roomBytes = Infinity
  file.rotate()
  await file.append(lines(2, 3))
  t.same(place.logs(), ['audit.log.1', 'audit.log'])
  t.equal(place.all(), textOf(1, 3))
})

void test('a compressed file that cannot be read says nothing of its time', async (t) => {
  const place = new LogPlace(t)
  t.equal(await timeOfLast(place.path('gone.gz'), 10), undefined)
  t.equal(await timeOfLast(place.path('gone'), 10), undefined)
})

void test('a link is not followed: it would be rotated instead of what it leads to', async (t) => {
  const place = new LogPlace(t)
  writeFileSync(place.path('elsewhere'), 'mine\n')
  symlinkSync(place.path('elsewhere'), place.path('audit.log'))
  await t.rejects(place.file(new DyingDisk()).append(lines(1, 1)), { name: 'SinkTrouble', code: 'error' })
  t.equal(place.text('elsewhere'), 'mine\n')
})

void test('who writes a log has it locked; who has it open otherwise does not write it', (t) => {
  const place = new LogPlace(t)
  const path = place.path('audit.log.state')
  t.same(writersOf(path), [])
  const fd = NODE_LOG_DISK.open(path, 0)
  t.teardown(() => {
    NODE_LOG_DISK.close(fd)
  })
  t.same(writersOf(path), [])
  t.equal(NODE_LOG_DISK.lock(fd), true)
  t.same(writersOf(path), [process.pid])
  const other = NODE_LOG_DISK.open(path, 0)
  t.equal(NODE_LOG_DISK.lock(other), false)
  NODE_LOG_DISK.close(other)
  t.end()
})

void test('one process writes a log', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  disk.lock = () => false
  await t.rejects(place.file(disk).append(lines(1, 1)), /another process writes .*audit.log/)
  t.same(place.names(), ['audit.log.state'])
})

void test('a flush that nobody waits for is told when it fails, once', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk, { flush: 'incremental_async', freq: 2 })
  disk.failing = { call: 'sync', code: 'EIO' }
  for (let n = 1; n <= 6; n++) {
    await file.append(lines(n, n))
    await file.idle()
  }
  t.equal(place.all(), textOf(1, 6))
  t.equal(place.errors.length, 1)
  t.same(place.said, ['the log cannot be flushed; what was written is lost if the machine stops'])
})

void test('flush says how often', async (t) => {
  for (const [flush, syncs] of [
    ['none', 0],
    ['incremental', 3],
    ['incremental_async', 3],
    ['data', 6],
    ['sync', 6],
  ] as const) {
    const place = new LogPlace(t)
    const disk = new DyingDisk()
    const file = place.file(disk, { flush, freq: 2 })
    for (let n = 1; n <= 6; n++) {
      await file.append(lines(n, n))
      await file.idle()
    }
    t.equal(disk.syncs, syncs, flush)
  }
})

void test('with num_logs below 2 nothing is rotated, asked for or not', async (t) => {
  const place = new LogPlace(t)
  const file = place.file(new DyingDisk(), { maxFileBytes: SMALL, numLogs: 1 })
  await feed(file, 0, 20)
  file.rotate()
  t.same(place.logs(), ['audit.log'])
  t.equal(place.all(), textOf(1, 20))
  t.same(place.said, ['nothing is rotated, as num_logs is less than 2'])
})

void test('what could not be taken back is written over, after a rotation that failed too', async (t) => {
  const place = new LogPlace(t)
  const disk = new DyingDisk()
  const file = place.file(disk)
  await file.append(lines(1, 2))
  disk.roomBytes = 40
  disk.failing = { call: 'cut', code: 'EIO' }
  await t.rejects(file.append(lines(3, 4)), { code: 'full' })
  t.equal(place.all(), textOf(1, 2) + line(3).slice(0, 40))
  disk.failing = { call: 'rename', code: 'EROFS' }
  file.rotate()
  disk.roomBytes = Infinity
  await file.append(lines(3, 4))
  t.equal(place.all(), textOf(1, 4))
})

void test('a state that is damaged is not believed', async (t) => {
  const place = new LogPlace(t)
  await feed(place.file(new DyingDisk()), 0, 4)
  const state = readFileSync(place.path('audit.log.state'), 'latin1')
  t.match(state, ' seq=4 ')
  writeFileSync(place.path('audit.log.state'), state.replace(' seq=4 ', ' seq=9 '))
  t.equal(place.file(new DyingDisk()).from(RUN), undefined)
  writeFileSync(place.path('audit.log.state'), '')
  t.equal(place.file(new DyingDisk()).from(RUN), undefined)
})
