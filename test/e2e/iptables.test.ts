// The iptables plugin under its dispatcher: what is in the followed file comes once and in order, whatever dies or is rotated meanwhile.

import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon } from './daemon.js'
import { endAtSigterm, keeper, NO_INPUT } from './keeper.js'
import { Place } from './place.js'

const MAIN = resolve('build/plugins/iptables/main.js')
const KILLS = 5
const PIECE = 400
const STOPS = 2
/** The file is rotated after so many pieces. */
const PIECES_IN_FILE = 2

class Scene {
  readonly place: Place
  readonly log: string
  readonly #test: Test
  daemon: Daemon
  #packets = 0
  #pieces = 0

  constructor(test: Test, format: 'protocol' | 'string', lines: readonly string[] = [], sink = keeper) {
    this.#test = test
    this.place = new Place(test)
    this.log = this.place.path('emu.log')
    this.configure(lines)
    const more = [`format = ${format}`, 'direction = in', 'restart_delay = 10ms..10ms', 'max_restarts = 0']
    this.place.dropIn('iptables', [
      `path = ${process.execPath}`,
      `args = ${MAIN} ${this.place.path('iptables.conf')}`,
      ...more,
    ])
    sink(this.place, 'sink')
    this.daemon = new Daemon(test, this.place, NO_INPUT)
  }

  /** Another dispatcher in the same place. */
  again(): void {
    this.daemon = new Daemon(this.#test, this.place, NO_INPUT)
  }

  configure(lines: readonly string[]): void {
    const common = ['source = logemu', `file = ${this.log}`, `position_file = ${this.place.path('lib/position')}`]
    writeFileSync(this.place.path('iptables.conf'), [...common, ...lines, ''].join('\n'))
  }

  /** So many more packets, each with a number of its own, among lines of others. */
  packets(count: number): void {
    const lines: string[] = []
    for (let one = 0; one < count; one++) {
      const ip = `SRC=192.0.2.1 DST=192.0.2.2 LEN=31 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=2`
      lines.push(`Nov 22 07:10:32 vm fw IN=lo OUT= ${ip} MARK=0x${(++this.#packets).toString(16)} \n`)
      if (one % 7 === 0) lines.push('Nov 22 07:10:32 vm something else\n')
    }
    appendFileSync(this.log, lines.join(''))
  }

  rotate(): void {
    rmSync(`${this.log}.2`, { force: true })
    if (this.#pieces > PIECES_IN_FILE) renameSync(`${this.log}.1`, `${this.log}.2`)
    renameSync(this.log, `${this.log}.1`)
  }

  /** A piece more, in a new file every now and then. */
  piece(): void {
    if (this.#pieces > 0 && this.#pieces % PIECES_IN_FILE === 0) this.rotate()
    this.#pieces++
    this.packets(PIECE)
  }

  get kept(): number[] {
    const text = this.place.read('sink').toString('latin1')
    return [...text.matchAll(/type=NETFILTER_PKT msg=audit\(\d+\.000:\d{10}\): mark=0x([0-9a-f]+) /g)].map(
      ([, mark = '']) => Number.parseInt(mark, 16),
    )
  }

  async arrived(count = this.#packets): Promise<void> {
    await this.daemon.until(() => this.kept.length >= count, `${count} packets arrive, and not ${this.kept.length}`)
  }

  /** Each packet once and in order; from which place on it is not so. */
  get firstWrong(): number {
    return this.kept.findIndex((mark, at) => mark !== at + 1)
  }

  get count(): number {
    return this.#packets
  }
}

void t.test('killed again and again, over rotations, each packet comes exactly once', async (t) => {
  const scene = new Scene(t, 'protocol')
  for (let kill = 0; kill < KILLS; kill++) {
    scene.piece()
    // In the midst of it, so that some are sent and not settled; a rotated file must not be lost sight of.
    await scene.arrived(kill % 2 === 0 ? scene.count - PIECE + 50 : scene.count)
    const pid = scene.daemon.pidOf('iptables')
    process.kill(pid, 'SIGKILL')
    await scene.daemon.runningAnew('iptables', pid)
  }
  scene.piece()
  await scene.arrived()
  t.equal(scene.kept.length, scene.count)
  t.equal(scene.firstWrong, -1)
  await endAtSigterm(t, scene.daemon)
  t.match(scene.daemon.ledger('iptables').fields, { taken: String(scene.count), restarts: String(KILLS) })
  t.equal(
    new Set(
      scene.place
        .read('sink')
        .toString('latin1')
        .match(/audit\([^)]*\)/g),
    ).size,
    scene.count,
    'events of their own',
  )
})

void t.test('a dispatcher is stopped in the midst of it, and the next one gets the rest', async (t) => {
  const scene = new Scene(t, 'protocol', [], (place, name) => {
    place.tee(name)
  })
  for (let stop = 0; stop < STOPS; stop++) {
    const before = scene.count
    scene.packets(10 * PIECE)
    await scene.arrived(before + 1)
    await endAtSigterm(t, scene.daemon)
    scene.again()
  }
  await scene.arrived()
  await endAtSigterm(t, scene.daemon)
  t.equal(scene.kept.length, scene.count)
  t.equal(scene.firstWrong, -1)
})

void t.test('a rate is held, and the record after it tells what was held back', async (t) => {
  const scene = new Scene(t, 'protocol', ['max_per_second = 3'])
  scene.packets(10)
  await scene.arrived(3)
  scene.configure(['max_per_second = 0', 'prefix = fw'])
  scene.daemon.signal('SIGHUP')
  await scene.daemon.says(['the configuration was read again'])
  scene.packets(1)
  await scene.arrived(4)
  t.same(scene.kept, [1, 2, 3, 11])
  t.match(scene.place.read('sink').toString('latin1'), /mark=0xb .* held=7\n$/)
  await scene.daemon.says(['more packets than max_per_second'])
  await endAtSigterm(t, scene.daemon)
  t.equal(scene.daemon.lines('packets were held back', 'packets=7').length, 1)
})

void t.test('with format = string records are bare lines', async (t) => {
  const scene = new Scene(t, 'string', ['output = lines'])
  scene.packets(PIECE)
  await scene.arrived()
  scene.rotate()
  scene.packets(PIECE)
  await scene.arrived()
  t.equal(scene.firstWrong, -1)
  await endAtSigterm(t, scene.daemon)
})
