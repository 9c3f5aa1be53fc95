// Fifty clients that are programs of their own: one is stopped, one is killed, and all others have every record, byte for
// byte. And the real auditd with this plugin instead of its own.

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon } from '../e2e/daemon.js'
import { Place } from '../e2e/place.js'
import { beActive, mark, markUntil } from './activity.js'
import { Auditd } from './auditd.js'
import { payloadsIn } from './frames.js'
import { ENVIRONMENT, missingPrograms, whyNoAuditd } from './kernel.js'
import { firstDifference, givenRecords, linesOf, loggedRecords } from './record-lines.js'
import { keysAndValues, Scene } from './scene.js'
import { until } from './until.js'

const PROGRAM = resolve('build/bin/audispd-af-unix')
const RECORDING = readFileSync('test/fixtures/auditd-stream/v2.8.5-enriched-node.bin')
const HEADER_BYTES = 16
const SIZE_OFFSET = 12
const CLIENTS = 50
/** Twice as many as are written before everybody has them. */
const QUEUE_RECORDS = 600
const AT_ONCE = 300
const ROUNDS = 4

/** socat as a client that appends what it gets to a file; it ends with the test at the latest. */
function socat(t: Test, socket: string, file: string): ChildProcess {
  const child = spawn('socat', ['-u', `UNIX-CONNECT:${socket},retry=200,interval=0.1`, `OPEN:${file},creat,append`], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** The frames of the recording, some at a time. */
function portions(): { readonly frames: Buffer; readonly lines: Buffer }[] {
  const found = []
  for (let at = 0; at < RECORDING.length;) {
    const [first, lines] = [at, [] as Buffer[]]
    while (at < RECORDING.length && lines.length < 2 * AT_ONCE) {
      const end = at + HEADER_BYTES + RECORDING.readUInt32LE(at + SIZE_OFFSET)
      lines.push(RECORDING.subarray(at + HEADER_BYTES, end), Buffer.from('\n'))
      at = end
    }
    found.push({ frames: RECORDING.subarray(first, at), lines: Buffer.concat(lines) })
  }
  return found
}

/** The state that SIGUSR1 writes, as soon as it has been written. */
async function stateNow(daemon: Daemon, name: string, file: string): Promise<string> {
  const before = daemon.place.read(file).toString()
  daemon.signalPlugin(name, 'SIGUSR1')
  await daemon.until(() => daemon.place.read(file).toString() !== before, 'a new state')
  return daemon.place.read(file).toString()
}

async function connected(daemon: Daemon, name: string, file: string, count: number): Promise<string> {
  let state = ''
  const isSo = (): boolean => state.includes(`\nclients = ${count}\n`)
  await daemon.doUntil(isSo, `${name} has ${count} clients`, async () => {
    state = await stateNow(daemon, name, file)
  })
  return state
}

const skip = missingPrograms('socat')

void t.test('fifty clients, one stopped, one killed', { skip }, async (t) => {
  const place = new Place(t)
  const keys = ['format = protocol', 'restart_delay = 0.1s']
  const line = (words: string): string[] => [`path = ${PROGRAM}`, `args = ${words}`, ...keys]
  place.dropIn('lines', line(`0600 ${place.path('l')} string ${QUEUE_RECORDS} --state ${place.path('l.state')}`))
  place.dropIn('frames', line(`0600 ${place.path('f')} binary --state ${place.path('f.state')}`))
  const daemon = new Daemon(t, place)
  await daemon.says(['listening for clients'], 2)
  const files = Array.from({ length: CLIENTS }, (_, at) => place.path(`client-${at}`))
  // The first is in the state as client 1.
  const stopped = socat(t, place.path('l'), files[0] ?? '')
  await connected(daemon, 'lines', 'l.state', 1)
  const others = files.slice(1).map((file) => socat(t, place.path('l'), file))
  for (let n = 0; n < 3; n++) socat(t, place.path('f'), place.path(`binary-${n}`))
  await connected(daemon, 'lines', 'l.state', CLIENTS)
  await connected(daemon, 'frames', 'f.state', 3)

  let written = Buffer.alloc(0)
  const healthy = files.slice(2).map((file) => file.slice(place.dir.length + 1))
  const everybodyHasIt = async (names: readonly string[]): Promise<void> => {
    await daemon.until(() => names.every((name) => place.size(name) >= written.length), 'everybody has it')
  }
  const write = async ({ frames, lines }: { frames: Buffer; lines: Buffer }): Promise<void> => {
    await daemon.write(frames)
    written = Buffer.concat([written, lines])
    await everybodyHasIt(healthy)
  }
  const [first, ...rest] = portions()
  if (first === undefined) throw new Error('an empty recording')
  await write(first)
  await everybodyHasIt(['client-0', 'client-1'])
  stopped.kill('SIGSTOP')
  others[0]?.kill('SIGKILL')
  for (let round = 0; round < ROUNDS; round++) for (const portion of [...rest, first]) await write(portion)
  await daemon.says(['a client reads too slowly, and loses records until it has caught up', 'client=1'])
  const state = await connected(daemon, 'lines', 'l.state', CLIENTS - 1)
  const lost = Number(/^client 1: .* lost=(\d+) losing=yes$/m.exec(state)?.[1])
  t.ok(lost > 1000, `${lost} records are lost`)
  t.match(state, new RegExp(`^lost = ${lost}$`, 'm'), 'by this client alone')

  stopped.kill('SIGCONT')
  await daemon.says(['a client takes records again', 'client=1', `lost=${lost}`])
  await write(first)
  const all = written.toString('latin1')
  const whole = linesOf(all)
  // What is there meanwhile may end within a line.
  const ends = (): number => place.read('client-0').toString('latin1').split('\n').length - 1
  await daemon.until(() => ends() === whole.length - lost, 'the rest')
  const kept = linesOf(place.read('client-0').toString('latin1'))
  const gap = kept.findIndex((text, at) => text !== whole[at])
  t.same(
    kept,
    [...whole.slice(0, gap), ...whole.slice(gap + lost)],
    'what it has is whole, with one gap of that length',
  )
  for (const name of healthy) t.ok(place.read(name).equals(written), name)
  t.comment(`${whole.length} records, ${written.length} bytes for each of ${healthy.length}`)
  await daemon.finish()
  for (let n = 0; n < 3; n++) {
    const payloads = payloadsIn(place.read(`binary-${n}`).toString('latin1'))
    t.equal(firstDifference(payloads, whole), '', 'frames hold the same')
  }
  t.equal(daemon.ledger('lines').dropped, 0)
})

void t.test('as a plugin of the real auditd', { skip: whyNoAuditd() || skip }, async (t) => {
  const scene = new Scene(t, { log_format: 'ENRICHED' })
  const formats = ['string', 'binary'] as const
  for (const format of formats) {
    const keys = { active: 'yes', direction: 'out', path: PROGRAM, type: 'always', format }
    // auditd 3 passes no more than two.
    const args = `${scene.path(format)} ${format}`
    scene.write(`auditd/plugins.d/${format}.conf`, keysAndValues({ ...keys, args }))
  }
  const auditd = await Auditd.start(t, scene, { underMdwe: true })
  for (const format of formats) {
    socat(t, scene.path(format), scene.path(`${format}.out`))
    // auditd says nothing of its plugins: a client is connected when it gets something.
    await markUntil(scene, `${format}.out`, () => scene.read(`${format}.out`) !== '')
  }
  const begin = await mark(scene)
  const last = await beActive(scene)
  await until('both to have it', () => formats.every((format) => scene.read(`${format}.out`).includes(last)))
  t.equal(auditd.lostByKernel, 0, 'the kernel lost nothing')
  const end = await mark(scene)
  await until('the end', () => formats.every((format) => scene.read(`${format}.out`).includes(end)))
  const between = (lines: readonly string[]): string[] => {
    const from = lines.findIndex((line) => line.includes(begin))
    return lines.slice(from, lines.findIndex((line) => line.includes(end)) + 1)
  }
  const logged = between(loggedRecords(scene.read('audit.log')))
  t.ok(logged.length > 10)
  t.equal(firstDifference(between(givenRecords(scene.read('string.out'))), logged), '', 'lines')
  const frames = payloadsIn(scene.read('binary.out')).join('\n')
  t.equal(firstDifference(between(givenRecords(`${frames}\n`)), logged), '', 'frames')
  t.comment(`${logged.length} records`)
  await auditd.end()
  await until('both to remove their sockets', () => formats.every((format) => !existsSync(scene.path(format))))
})
