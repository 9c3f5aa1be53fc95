import { test } from 'tap'
import { Audience, type PickyOutlet } from '../../src/dispatcher/audience.js'
import { STRING } from '../../src/dispatcher/format.js'
import { Gatherer } from '../../src/dispatcher/gatherer.js'
import { Queue } from '../../src/dispatcher/queue.js'
import { SegmentPool } from '../../src/dispatcher/segment.js'
import { parseSelector, selectorMatches } from '../../src/protocol/selector.js'
import { ROOMY } from './fan-out-bench.js'

function outletOf(text: string, name = ''): PickyOutlet {
  const pool = new SegmentPool()
  const queue = new Queue(STRING, ROOMY, pool, {
    makeRoom: () => {},
    lossBegan: () => {},
    lossEnded: () => {},
    tooLong: () => {},
    poisoned: () => {},
  })
  return { queue, selector: parseSelector(text), name, gatherer: new Gatherer(queue, pool) }
}

void test('the table answers as the selectors do, also for types and nodes that it has no room for', (t) => {
  const outlets = ['type=SYSCALL,PATH', '!type=SYSCALL', 'node=n1*', '!node=n299 !type=PATH', 'source=auditd'].map(
    (text) => outletOf(text),
  )
  const audience = new Audience('auditd', [], outlets)
  t.ok(audience.needsNode)
  const types = [1300, 1302, 4095, 4096, 70_000, 0xffff_ffff]
  // The second round is answered from the table.
  for (let round = 0; round < 2; round++) {
    let wrong = 0
    for (let node = 0; node < 300; node++) {
      for (const type of types) {
        const wanting = outlets.filter(({ selector }) => selectorMatches(selector, type, `n${node}`, 'auditd'))
        const answer = audience.wanting(type, `n${node}`)
        if (wanting.length !== answer.length || wanting.some(({ gatherer }) => !answer.includes(gatherer))) wrong++
      }
    }
    t.equal(wrong, 0)
  }
  t.equal(audience.wanting(1300, 'n255'), audience.wanting(1300, 'n255'), 'what is in the table is asked for once')
  t.not(audience.wanting(1300, 'n256'), audience.wanting(1300, 'n256'), 'and the table does not grow over its bound')
  t.end()
})

void test('where no selector looks at nodes, the answer for a type is one for all of them', (t) => {
  const audience = new Audience('auditd', [], [outletOf('type=SYSCALL')])
  t.notOk(audience.needsNode)
  t.equal(audience.wanting(1300, 'a'), audience.wanting(1300, 'b'))
  t.not(audience.wanting(5000, 'a'), audience.wanting(5000, 'b'), 'but types that no record has are not kept')
  t.end()
})

void test('a source is not among its own audience', (t) => {
  const whole = [outletOf('type=SYSCALL', 'box'), outletOf('type=SYSCALL', 'other'), outletOf('type=SYSCALL')]
  t.equal(new Audience('box', whole, []).whole.length, 2)
  t.equal(new Audience('box', [], whole).wanting(1300, '').length, 2)
  t.equal(new Audience('auditd', [], whole).wanting(1300, '').length, 3)
  const alone = new Audience('box', [], [outletOf('node=a', 'box')])
  t.same([alone.isEmpty, alone.isPicky, alone.needsNode], [true, false, false])
  t.end()
})
