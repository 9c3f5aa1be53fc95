import { test } from 'tap'
import { PluginPast, toldState } from '../../src/dispatcher/plugin-past.js'

void test('since when its state is what it is told to be', (t) => {
  const past = new PluginPast(5)
  t.equal(past.sinceMs, 5)
  past.note({ kind: 'starting' }, 10)
  past.note({ kind: 'greeting', pid: 1 }, 20)
  t.equal(past.sinceMs, 10, 'one that has not said READY is still starting')
  t.equal(toldState({ kind: 'greeting', pid: 1 }), 'starting')
  past.note({ kind: 'running', pid: 1, sinceMs: 30 }, 30)
  past.note({ kind: 'running', pid: 1, sinceMs: 30 }, 40)
  t.equal(past.sinceMs, 30)
  t.end()
})

void test('when it lost records last', (t) => {
  const past = new PluginPast(0)
  past.noteLoss(0, 10)
  t.equal(past.lastLossMs, undefined)
  past.noteLoss(3, 20)
  past.noteLoss(3, 30)
  t.equal(past.lastLossMs, 20)
  past.noteLoss(2, 40)
  t.equal(past.lastLossMs, 20, 'one of them was none')
  past.noteLoss(3, 50)
  t.equal(past.lastLossMs, 50)
  t.end()
})

void test('its processes', (t) => {
  const past = new PluginPast(0)
  t.same([past.restarts, past.lastLines, past.lastExit], [0, [], undefined])
  const lines: string[] = []
  past.starts()
  past.lives({ lastLines: lines })
  t.same([past.restarts, past.lastLines], [0, []])
  lines.push('a')
  t.same(past.lastLines, ['a'])
  past.ended('exit status 1', ['a', 'b'], 7)
  past.starts()
  past.lives({ lastLines: [] })
  t.same([past.restarts, past.lastLines], [1, ['a', 'b']], 'what the last one said, until this one says something')
  t.same(past.lastExit, { how: 'exit status 1', atMs: 7 })
  t.end()
})
