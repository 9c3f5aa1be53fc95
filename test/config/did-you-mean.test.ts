import { test } from 'tap'
import { didYouMean } from '../../src/config/did-you-mean.js'

const KEYS = ['active', 'args', 'path', 'format', 'overflow_action', 'q_depth', 'q_bytes']

void test('the likeliest candidate', (t) => {
  const near: readonly (readonly [word: string, meant: string])[] = [
    ['actve', 'active'],
    ['aktive', 'active'],
    ['acitve', 'active'],
    ['ACTIV', 'active'],
    ['arg', 'args'],
    ['q_dept', 'q_depth'],
    ['qdepth', 'q_depth'],
    ['overflow_acton', 'overflow_action'],
    ['overflowaction', 'overflow_action'],
    ['paht', 'path'],
  ]
  for (const [word, meant] of near) t.equal(didYouMean(word, KEYS), ` (did you mean '${meant}'?)`, word)
  t.end()
})

void test('no guess where nothing is near', (t) => {
  for (const word of ['x', '', 'completely', 'pa', 'zzzzzzz']) t.equal(didYouMean(word, KEYS), '', word)
  t.equal(didYouMean('args', []), '')
  t.end()
})
