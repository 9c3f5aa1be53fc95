// The local log with the real ausearch, real full disks, and what stands in for a tape.

import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon } from '../e2e/daemon.js'
import { logFiles, logPlugin } from '../e2e/log-place.js'
import { Place } from '../e2e/place.js'
import { Random } from '../protocol/random.js'
import { beActive } from './activity.js'
import { Auditd } from './auditd.js'
import { ENVIRONMENT, missingPrograms, whyNoAuditd } from './kernel.js'
import { firstDifference, givenRecords, loggedRecords, owedRecords } from './record-lines.js'
import { keysAndValues, Scene } from './scene.js'
import { until } from './until.js'

t.setTimeout(120_000)

const RECORDED = readFileSync('test/fixtures/auditd-stream/v3.0.9-raw-plugin.string', 'latin1')
const KILLS = 6
const BURST = 1500
const MIB = 1024 ** 2
const READ_BYTES = 65_536

/** A record of its own event. */
function line(n: number, filling = 60): string {
  const head = `type=USER msg=audit(${1_700_000_000 + Math.floor(n / 100)}.000:${n}): pid=1 uid=0 auid=0 ses=1 `
  return `${head}msg='n=${n} text=${'x'.repeat(filling)} res=success'\n`
}

function linesOf(first: number, last: number, filling?: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => line(first + index, filling)).join('')
}

/** What real zcat and ausearch make of the files, one after the other. */
function ausearch(files: readonly string[]): string {
  const script = 'for f in "$@"; do zcat -f "$f" || exit 9; done | ausearch --raw'
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', ...files], {
    env: ENVIRONMENT,
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`ausearch: exit status ${status}: ${stderr}`)
  return stdout
}

async function acknowledged(daemon: Daemon, count: number): Promise<void> {
  await daemon.ledgerWhen('log', ({ delivered }) => delivered >= count)
}

/** The serials in order; fails for a line that is no whole record. */
function serialsIn(t: Test, text: string): number[] {
  const lines = text.split('\n')
  t.equal(lines.pop(), '', 'the last line has its end')
  const torn = lines.filter(
    (each) => !/^type=USER msg=audit\(\d{10}\.000:(\d+)\): .*n=\1 text=x* res=success'$/.test(each),
  )
  t.same(torn, [], 'no line is torn')
  return lines.map((each) => Number(/:(\d+)\)/.exec(each)?.[1]))
}

function upTo(count: number, first = 1): number[] {
  return Array.from({ length: count - first + 1 }, (_, index) => first + index)
}

const noAusearch = missingPrograms('ausearch', 'zcat')

for (const [names, compress, size] of [
  ['simple', 'off', '300K'],
  ['simple', 'rotated', '300K'],
  ['solaris', 'stream', '64K'],
] as const) {
  const name = `killed under load, names = ${names}, compress = ${compress}: ausearch reads each event once`
  void t.test(name, { skip: noAusearch }, async (t) => {
    const place = new Place(t)
    logPlugin(place, [`names = ${names}`, `compress = ${compress}`, `max_log_file = ${size}`, 'num_logs = 999'])
    const daemon = new Daemon(t, place)
    await daemon.running('log')
    const random = new Random(20_261)
    await daemon.write(Buffer.from(RECORDED, 'latin1'))
    const recorded = RECORDED.split('\n').length - 1
    let sent = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const pid = daemon.pidOf('log')
      const share = random.below(BURST)
      await daemon.write(Buffer.from(linesOf(sent + 1, sent + share)))
      const rest = daemon.write(Buffer.from(linesOf(sent + share + 1, sent + BURST)))
      if (random.below(3) === 0) process.kill(pid, 'SIGUSR1')
      process.kill(pid, 'SIGKILL')
      await rest
      sent += BURST
      await daemon.runningAnew('log', pid)
      // Before it has said so, a signal is not heard by what rotates.
      await daemon.ready('log')
      await acknowledged(daemon, recorded + sent)
      if (compress !== 'stream') continue
      // At any moment what is in the files is whole.
      const files = logFiles(place.path('log'))
      ausearch(files)
      // What is compressed takes long to become large.
      daemon.signalPlugin('log', 'SIGUSR1')
      await daemon.until(() => logFiles(place.path('log')).length > files.length, 'it is rotated')
    }
    t.match(await daemon.finish(), { code: 0 })
    const files = logFiles(place.path('log'))
    t.comment(`${files.length} files, ${KILLS} kills`)
    t.ok(files.length > 3, 'it was rotated')
    const found = givenRecords(ausearch(files)).toSorted()
    const wanted = givenRecords(RECORDED + linesOf(1, sent)).toSorted()
    t.equal(found.length, wanted.length)
    t.ok(
      found.every((each, index) => each === wanted[index]),
      'each event once',
    )
    t.same(
      readdirSync(place.path('log')).filter((each) => /torn|packing|not_terminated/.test(each)),
      [],
    )
    if (compress !== 'off') return
    const { stdout } = spawnSync('ausearch', ['-if', place.path('log'), '--raw'], {
      env: ENVIRONMENT,
      encoding: 'latin1',
      maxBuffer: 2 ** 28,
    })
    t.same(givenRecords(stdout).toSorted(), wanted, 'and so from the directory')
  })
}

void t.test(
  'the dispatcher is killed too: solaris names are repaired by the last record',
  { skip: noAusearch },
  async (t) => {
    const place = new Place(t)
    logPlugin(place, ['names = solaris'])
    const daemon = new Daemon(t, place)
    await daemon.running('log')
    await daemon.write(Buffer.from(linesOf(1, 250)))
    await acknowledged(daemon, 250)
    process.kill(daemon.pidOf('log'), 'SIGKILL')
    daemon.child.kill('SIGKILL')
    await daemon.ended()
    const [left = ''] = logFiles(place.path('log'))
    t.match(left, /\.not_terminated\./)
    writeFileSync(left, "type=USER msg=audit(1700000002.000:9): pid=1 msg='n", { flag: 'a' })
    const next = new Daemon(t, place)
    await next.running('log')
    await next.write(Buffer.from(linesOf(251, 300)))
    await acknowledged(next, 50)
    const start = /(\d{14})\.not_terminated/.exec(left)?.[1] ?? ''
    // The file was begun long after its records' time; it cannot end before it begins.
    t.ok(logFiles(place.path('log')).some((file) => file.includes(`/${start}.${start}.`)))
    t.match(await next.finish(), { code: 0 })
    t.same(serialsIn(t, ausearch(logFiles(place.path('log')))), upTo(300))
    t.ok(readdirSync(place.path('log')).includes('audit.log.torn'), 'and the torn end is kept beside')
  },
)

/** Why there is no file system of our own to fill. */
function whyNoTmpfs(): string {
  if (process.getuid?.() !== 0) return 'only root can mount'
  const dir = spawnSync('mktemp', ['-d'], { env: ENVIRONMENT, encoding: 'utf8' }).stdout.trim()
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', dir], {
    env: ENVIRONMENT,
    encoding: 'utf8',
  })
  if (status === 0) spawnSync('umount', [dir], { env: ENVIRONMENT })
  rmSync(dir, { recursive: true, force: true })
  return status === 0 ? '' : `no tmpfs can be mounted: ${stderr.trim()}`
}

const noTmpfs = whyNoTmpfs()

/** A file system of so many bytes at `log` in the place. */
function smallDisk(t: Test, place: Place, bytes: number): void {
  mkdirSync(place.path('log'))
  const options = ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', place.path('log')]
  if (spawnSync('mount', options, { env: ENVIRONMENT }).status !== 0) throw new Error('mount failed')
  t.teardown(() => spawnSync('umount', ['-l', place.path('log')], { env: ENVIRONMENT }))
}

void t.test('a full disk: the records wait, and are written when there is room', { skip: noTmpfs }, async (t) => {
  for (const compress of ['off', 'stream']) {
    const place = new Place(t)
    smallDisk(t, place, 2 * MIB)
    logPlugin(place, [
      `compress = ${compress}`,
      'max_log_file_action = ignore',
      'space_left = 1',
      'admin_space_left = 512K',
    ])
    writeFileSync(place.path('log/ballast'), Buffer.alloc(MIB))
    const daemon = new Daemon(t, place)
    await daemon.running('log')
    // What is compressed needs filling that cannot be.
    const random = new Random(3)
    const filled = (n: number): string =>
      compress === 'off' ? line(n, 400) : line(n, 1).replace('text=x', `text=${random.bytes(600).toString('hex')}`)
    const count = compress === 'off' ? 4000 : 2200
    const all = Array.from({ length: count }, (_, index) => filled(index + 1))
    await daemon.write(Buffer.from(all.slice(0, count - 100).join('')))
    await daemon.says(['the disk is full; the records wait'])
    await daemon.says(['the disk has less than space_left'])
    // What it tries now and then stands there until it is taken back.
    await daemon.until(() => {
      const files = logFiles(place.path('log'))
      const text = files.length === 0 ? '' : shown(files)
      return text.endsWith('\n') && all.join('').startsWith(text)
    }, 'what is there is whole')
    await daemon.write(Buffer.from(all.slice(count - 100).join('')))
    rmSync(place.path('log/ballast'))
    await daemon.says(['the log is written again', 'after=full'])
    await acknowledged(daemon, count)
    t.match(await daemon.finish(), { code: 0 })
    t.ok(shown(logFiles(place.path('log'))) === all.join(''), `compress = ${compress}: each record once`)
    t.match(daemon.ledger('log'), { in: count, delivered: count, dropped: 0 })
  }
})

/** The files as zcat shows them. */
function shown(files: readonly string[]): string {
  return spawnSync('zcat', ['-f', ...files], { env: ENVIRONMENT, encoding: 'latin1', maxBuffer: 2 ** 28 }).stdout
}

void t.test('disk_full_action = rotate loses the oldest, and goes on', { skip: noTmpfs }, async (t) => {
  const place = new Place(t)
  smallDisk(t, place, MIB)
  const keys = [
    'disk_full_action = rotate',
    'max_log_file = 200K',
    'num_logs = 100',
    'space_left = 0',
    'admin_space_left = 0',
  ]
  logPlugin(place, keys)
  const daemon = new Daemon(t, place)
  await daemon.running('log')
  const count = 10_000
  for (let n = 0; n < count; n += 500) {
    await daemon.write(Buffer.from(linesOf(n + 1, n + 500, 200)))
    await acknowledged(daemon, n + 500)
  }
  await daemon.says(['the oldest file was removed to make room'])
  t.match(await daemon.finish(), { code: 0 })
  const serials = serialsIn(t, shown(logFiles(place.path('log'))))
  t.same(serials, upTo(count, serials[0]), 'the newest are there, without a gap')
  t.ok(serials.length > 1000, `${serials.length} of ${count}`)
})

void t.test('disk_full_action = exec and suspend: done once; USR2 goes on', { skip: noTmpfs }, async (t) => {
  const place = new Place(t, 'self_events = no\n')
  smallDisk(t, place, MIB)
  const told = place.path('told')
  const program = place.program('tell', `#!/bin/sh\necho full >>${told}\n`)
  place.settings(`self_events = no\n[action tell]\npath = ${program}\n`)
  const more = ['allow = action:tell']
  logPlugin(
    place,
    ['disk_full_action = exec tell', 'max_log_file_action = ignore', 'space_left = 0', 'admin_space_left = 0'],
    { more },
  )
  writeFileSync(place.path('log/ballast'), Buffer.alloc(MIB / 2))
  const daemon = new Daemon(t, place)
  await daemon.running('log')
  await daemon.write(Buffer.from(linesOf(1, 5000)))
  await daemon.until(() => place.size('told') > 0, 'the action is run')
  writeFileSync(place.path('log.conf'), readFileSync(place.path('log.conf'), 'utf8').replace('exec tell', 'suspend'))
  daemon.signal('SIGHUP')
  await daemon.says(['the configuration was read again'])
  rmSync(place.path('log/ballast'))
  await acknowledged(daemon, 5000)
  t.equal(readFileSync(told, 'utf8'), 'full\n')

  writeFileSync(place.path('log/ballast'), Buffer.alloc(spaceIn(place.path('log'))))
  await daemon.write(Buffer.from(linesOf(5001, 6000)))
  await daemon.says(['nothing is written until SIGUSR2 or a reload, as the admin wants'])
  rmSync(place.path('log/ballast'))
  daemon.signalPlugin('log', 'SIGUSR2')
  await acknowledged(daemon, 6000)
  t.match(await daemon.finish(), { code: 0 })
  t.same(serialsIn(t, shown(logFiles(place.path('log')))), upTo(6000))
})

function spaceIn(dir: string): number {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%a %S', dir], { env: ENVIRONMENT, encoding: 'utf8' })
  const [blocks = 0, bytes = 0] = stdout.trim().split(' ').map(Number)
  return blocks * bytes
}

void t.test('as a plugin of the real auditd it has what auditd logs', { skip: whyNoAuditd() }, async (t) => {
  const scene = new Scene(t)
  const plugin = resolve('build/bin/audispd-log')
  const keys = {
    active: 'yes',
    direction: 'out',
    path: plugin,
    type: 'always',
    args: scene.path('log.conf'),
    format: 'string',
  }
  scene.write('auditd/plugins.d/log.conf', keysAndValues(keys))
  scene.write('log.conf', `log_file = ${scene.path('ours.log')}\nflush = none\n`)
  const auditd = await Auditd.start(t, scene, { underMdwe: true })
  const word = await beActive(scene)
  await until('the activity in our log', () => scene.read('ours.log').includes(word))
  t.equal(auditd.lostByKernel, 0)
  await auditd.end()
  await auditd.nothingLeft()
  const given = givenRecords(scene.read('ours.log'))
  t.equal(firstDifference(given, owedRecords(loggedRecords(scene.read('audit.log')), given)), '')
})

void t.test('a FIFO: readers come and go, each record is read whole, once', async (t) => {
  const place = new Place(t)
  const fifo = place.fifo('fifo')
  logPlugin(place, [], { logFile: fifo })
  const daemon = new Daemon(t, place)
  await daemon.running('log')
  const random = new Random(5)
  // One that goes before all that was left by others is written is not told of as another one.
  const told = (): number => daemon.lines('nobody reads the FIFO').length + daemon.lines('were taken back').length
  let whole = ''
  let sent = 0
  for (let reader = 0; reader < 6; reader++) {
    const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    await daemon.write(Buffer.from(linesOf(sent + 1, sent + 400)))
    sent += 400
    let seen = ''
    const isLast = reader === 5
    const wanted = isLast ? Infinity : 1000 + random.below(30_000)
    const isDone = (): boolean => seen.length >= wanted || `${whole}${seen}`.endsWith(line(sent))
    await daemon.until(() => {
      seen += readSome(fd, Math.min(READ_BYTES, wanted - seen.length))
      return isDone()
    }, 'the reader has read')
    const gone = told()
    closeSync(fd)
    whole += seen.slice(0, seen.lastIndexOf('\n') + 1)
    if (isLast) break
    // A reader that has gone is noticed at the next write.
    await daemon.write(Buffer.from(line(++sent)))
    await daemon.until(() => told() > gone, 'its end is noticed')
  }
  t.same(serialsIn(t, whole), upTo(sent))
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('log'), { in: sent, delivered: sent, dropped: 0 })
})

/** What is in the FIFO, nothing when it is empty. */
function readSome(fd: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes)
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer))
  } catch {
    // EAGAIN.
    return ''
  }
}

/** A loop device over a file of so many bytes; a reason when there is none. */
function loopDevice(t: Test, path: string, bytes: number): string {
  writeFileSync(path, Buffer.alloc(bytes))
  const { status, stdout } = spawnSync('losetup', ['-f', '--show', path], { env: ENVIRONMENT, encoding: 'utf8' })
  if (status !== 0) return ''
  const device = stdout.trim()
  t.teardown(() => spawnSync('losetup', ['-d', device], { env: ENVIRONMENT }))
  return device
}

void t.test('a device of 2 MiB: its end is waited at, and the next medium begins with a whole record', async (t) => {
  const place = new Place(t)
  const device = loopDevice(t, place.path('medium'), 2 * MIB)
  if (device === '') {
    t.pass('a loop device', { skip: 'losetup gives none' })
    return
  }
  // Its end is in the midst of a record and of a block.
  logPlugin(place, ['block_size = 10000'], { logFile: device })
  const daemon = new Daemon(t, place)
  await daemon.running('log')
  const count = 6000
  await daemon.write(Buffer.from(linesOf(1, count, 800)))
  let whole = ''
  const takeOut = (): void => {
    const text = readFileSync(device, 'latin1').replace(/\0+$/, '')
    whole += text.slice(0, text.lastIndexOf('\n') + 1).replaceAll(/\n+/g, '\n')
  }
  for (let medium = 1; medium <= 2; medium++) {
    await daemon.says(['the medium is at its end; put in another one'], medium)
    takeOut()
    writeFileSync(device, Buffer.alloc(2 * MIB))
    daemon.signalPlugin('log', 'SIGUSR1')
    await daemon.says(['the stream was opened anew'], medium)
  }
  await acknowledged(daemon, count)
  t.match(await daemon.finish(), { code: 0 })
  takeOut()
  t.same(serialsIn(t, whole), upTo(count))
})
