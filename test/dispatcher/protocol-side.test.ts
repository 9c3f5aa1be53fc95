import { test } from 'tap'
import { PATIENCE_MS } from '../../src/dispatcher/patience.js'
import { PluginVoice } from '../../src/dispatcher/plugin-voice.js'
import { ProtocolSide } from '../../src/dispatcher/protocol-side.js'
import { SegmentPool } from '../../src/dispatcher/segment.js'
import { CommandBench } from './command-bench.js'
import { someDropIn } from './some-drop-in.js'

const WATCHER = { makeRoom() {}, lossBegan() {}, lossEnded() {}, tooLong() {}, poisoned() {} }

function bench() {
  const { clock, herald, runner } = new CommandBench()
  let selections = 0
  const side = new ProtocolSide(
    {
      clock,
      herald,
      runner,
      pool: new SegmentPool(),
      dropIn: () => someDropIn({ format: 'protocol' }),
      hello: () => ({ run: 'r', next: 50, node: '' }),
      stats: () => '{}',
      statsPage: () => '{}',
      reload: () => {},
      onSelected: () => selections++,
      onReady: () => {},
      onAnswered: () => {},
      onFull: () => {},
      onFault: () => {},
    },
    WATCHER,
    undefined,
    new PluginVoice('p', herald),
  )
  const give = (seq: number): void => side.queue.offerAlone(Buffer.from(`RECORD ${seq} x\n`), seq)
  const say = (...lines: readonly string[]): void => side.hear(Buffer.from(lines.map((line) => `${line}\n`).join('')))
  const read = (): string => {
    let text = ''
    for (let output = side.queue.next(); output !== undefined; output = side.queue.next()) {
      text += output.segment.bytes.toString('latin1', output.start, output.end)
      side.queue.wrote(output.end - output.start)
    }
    side.noteProgress(clock.nowMs())
    return text
  }
  const holdsFrom = (): number => side.holdsFrom(clock.nowMs())
  return { side, clock, give, say, read, holdsFrom, selections: () => selections }
}

void test('it holds up what it has not acknowledged, from the first on', (t) => {
  const { side, give, say, read, holdsFrom } = bench()
  t.equal(holdsFrom(), Infinity, 'with nothing there nothing')
  t.equal(side.holdTo(1), undefined)
  give(3)
  give(5)
  t.equal(holdsFrom(), 3, 'also before its first READY')
  t.same([side.holdTo(3), side.holdTo(5), side.holdTo(6)], [5, 5, undefined])
  side.begin()
  say('READY 1 ack')
  t.match(read(), /^HELLO 1 plugin=p run=r next=3 .*\nRECORD 3 x\nRECORD 5 x\n$/)
  t.equal(holdsFrom(), 3)
  say('ACK 3')
  t.equal(holdsFrom(), 5)
  say('ACK 5')
  t.equal(holdsFrom(), Infinity)
  t.end()
})

void test('paused it holds nothing up, nor without ack, nor when its time is over', (t) => {
  const { side, clock, give, say, read, holdsFrom } = bench()
  side.begin()
  say('READY 1 ack')
  give(1)
  read()
  say('COMMAND 1 pause')
  t.ok(side.isPaused)
  t.equal(holdsFrom(), Infinity)
  say('COMMAND 2 resume')
  t.equal(holdsFrom(), 1)
  clock.pass(PATIENCE_MS - 1)
  t.equal(holdsFrom(), 1)
  clock.pass(1)
  t.equal(holdsFrom(), Infinity)
  side.queue.takeBack(0)
  side.end(true)
  side.begin()
  say('READY 1')
  give(2)
  t.equal(holdsFrom(), Infinity)
  t.equal(side.holdTo(2), undefined)
  t.end()
})

void test('what it has chosen holds until its drop-in is another', (t) => {
  const { side, say, selections } = bench()
  side.begin()
  say('READY 1', 'COMMAND 1 subscribe type=EOE')
  t.equal(side.selected?.text, 'type=EOE')
  t.equal(selections(), 1)
  side.queue.takeBack(0)
  side.end(true)
  side.begin()
  t.equal(side.selected?.text, 'type=EOE')
  side.changed()
  t.equal(side.selected, undefined)
  side.begin()
  say('READY 1')
  side.changed()
  say('COMMAND 1 subscribe type=CWD')
  t.equal(side.selected, undefined, 'what the old process still asks for is not for the next')
  side.begin()
  say('READY 1', 'COMMAND 1 subscribe type=CWD')
  t.equal(side.selected?.text, 'type=CWD')
  t.end()
})

void test('with nothing in line HELLO names the number that comes next', (t) => {
  const { side, read } = bench()
  side.begin()
  t.match(read(), / next=50 /)
  t.end()
})
