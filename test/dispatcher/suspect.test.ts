import { test } from 'tap'
import { Suspect } from '../../src/dispatcher/suspect.js'

/** A process dies of it. */
function die(suspect: Suspect, seq: number): number {
  suspect.begin(seq)
  suspect.end(seq)
  return suspect.countDeath()
}

void test('what was first in line at three deaths in a row is sent alone, and at the fourth it is poison', (t) => {
  const suspect = new Suspect()
  t.same([die(suspect, 7), die(suspect, 7)], [0, 0])
  t.equal(suspect.isAlone, false)
  t.equal(die(suspect, 7), 0)
  t.equal(suspect.isAlone, true)
  t.equal(die(suspect, 7), 7)
  t.equal(suspect.isAlone, false, 'and it is forgotten')
  t.end()
})

void test('a death of another record begins a new row', (t) => {
  const suspect = new Suspect()
  for (const seq of [7, 7, 7, 8, 7, 7]) t.equal(die(suspect, seq), 0)
  t.equal(suspect.isAlone, false)
  t.end()
})

void test('an acknowledgement of it ends the row, one of an earlier record does not', (t) => {
  const suspect = new Suspect()
  for (const seq of [7, 7, 7]) die(suspect, seq)
  suspect.acked(6)
  t.equal(suspect.isAlone, true)
  suspect.acked(7)
  t.equal(suspect.isAlone, false)
  t.end()
})

void test('a death before anything was read is not held against a record, nor in its favour', (t) => {
  const suspect = new Suspect()
  for (let death = 0; death < 3; death++) die(suspect, 7)
  suspect.end(0)
  t.equal(suspect.countDeath(), 0)
  t.equal(suspect.isAlone, true)
  t.equal(die(suspect, 7), 7)
  t.end()
})

void test('what is suspected and is lost otherwise holds nothing behind it up', (t) => {
  const suspect = new Suspect()
  for (let death = 0; death < 3; death++) die(suspect, 7)
  suspect.begin(8)
  t.equal(suspect.isAlone, false)
  t.end()
})
