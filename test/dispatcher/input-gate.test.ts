import { test } from 'tap'
import { InputGate } from '../../src/dispatcher/input-gate.js'

void test('a gate holds what comes until it is opened', (t) => {
  const came: string[] = []
  const ends: string[] = []
  const take = (chunk: Buffer): void => {
    came.push(chunk.toString())
  }
  const gate = new InputGate(take, (error) => ends.push(error))
  const chunk = Buffer.from('one')
  gate.take(chunk)
  chunk.fill('?')
  gate.take(Buffer.from('two'))
  gate.end('an error')
  t.same([came, ends], [[], []])
  gate.open()
  t.same([came, ends], [['one', 'two'], ['an error']])
  gate.open()
  t.same([came, ends], [['one', 'two'], ['an error']], 'once')
  const open = new InputGate(take, (error) => ends.push(error))
  open.open()
  open.take(Buffer.from('three'))
  open.end('')
  t.same([came.at(-1), ends.at(-1)], ['three', ''])
  t.end()
})

void test('a gate does not hold more than it may', (t) => {
  let bytes = 0
  const gate = new InputGate(
    (chunk) => (bytes += chunk.length),
    () => {},
  )
  const mebibyte = Buffer.alloc(1024 * 1024)
  for (let count = 0; count < 64; count++) gate.take(mebibyte)
  t.equal(bytes, 0)
  gate.take(Buffer.alloc(1))
  t.equal(bytes, 64 * mebibyte.length + 1)
  t.end()
})
