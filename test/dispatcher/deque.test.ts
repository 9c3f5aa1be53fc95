import * as fc from 'fast-check'
import { test } from 'tap'
import { Deque } from '../../src/dispatcher/deque.js'

const OP = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('push' as const), times: fc.nat(90) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('shift' as const), times: fc.nat(90) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('insert' as const), at: fc.nat(200), times: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take-from' as const), at: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take-all' as const) }) },
)

void test('it holds what an array would, wherever it is changed', (t) => {
  fc.assert(
    fc.property(fc.array(OP, { maxLength: 40, size: 'max' }), (ops) => {
      const deque = new Deque<number>()
      const array: number[] = []
      let next = 0
      const isSame = (): boolean => {
        const seen = Array.from({ length: deque.length }, (_, index) => deque.at(index))
        const ends = deque.last === array.at(-1) && deque.at(-1) === undefined && deque.at(array.length) === undefined
        return ends && seen.length === array.length && seen.every((item, index) => item === array[index])
      }
      for (const op of ops) {
        switch (op.do) {
          case 'push':
            for (let time = 0; time < op.times; time++) {
              deque.push(next)
              array.push(next++)
            }
            break
          case 'shift':
            for (let time = 0; time < op.times; time++) if (deque.shift() !== array.shift()) return false
            break
          case 'insert': {
            const at = Math.min(op.at, array.length)
            for (let time = 0; time < op.times; time++) {
              deque.insert(at, next)
              array.splice(at, 0, next++)
            }
            break
          }
          case 'remove':
            deque.remove(op.at)
            array.splice(op.at, 1)
            break
          case 'take-from':
            if (deque.takeFrom(op.at).join() !== array.splice(op.at).join()) return false
            break
          case 'take-all':
            if (deque.takeAll().join() !== array.splice(0).join()) return false
            break
          default:
            op satisfies never
        }
        if (!isSame()) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
  t.end()
})
