import { test } from 'tap'
import { Bounds } from '../../src/dispatcher/bounds.js'
import { emptyLedger } from '../../src/dispatcher/ledger.js'
import type { OverflowAction } from '../../src/dispatcher/settings.js'

function newBounds(overflow: OverflowAction) {
  const ledger = emptyLedger()
  const held = { bytes: 0 }
  const told: string[] = []
  const watcher = {
    makeRoom: () => {},
    lossBegan: (reason: string) => told.push(`began ${reason}`),
    lossEnded: (lost: number) => told.push(`ended ${lost}`),
    tooLong: () => {},
    poisoned: () => {},
  }
  const bounds = new Bounds({ depth: 8, bytes: 1000, overflow }, ledger, watcher, () => held.bytes)
  return { bounds, ledger, held, told }
}

void test('there is room for as many records and bytes as the limits say, and for no more', (t) => {
  const { bounds, ledger, held } = newBounds('drop-newest')
  ledger.queued = 6
  held.bytes = 900
  t.ok(bounds.hasRoom(2, 100))
  t.notOk(bounds.hasRoom(3, 100))
  t.notOk(bounds.hasRoom(2, 101))
  t.notOk(bounds.takes(3, 1))
  t.ok(newBounds('block').bounds.takes(1e6, 1e9), 'where the door is shut instead, everything is taken')
  t.end()
})

void test('the door is shut at the limit and opened at three quarters of it, where that was asked for', (t) => {
  const { bounds, ledger, held } = newBounds('block')
  for (const [queued, bytes, blocks, unblocks] of [
    [7, 0, false, false],
    [8, 0, true, false],
    [5, 999, false, false],
    [5, 1000, true, false],
    [5, 749, false, true],
    [6, 749, false, false],
  ] as const) {
    ledger.queued = queued
    held.bytes = bytes
    t.same([bounds.blocks, bounds.unblocks], [blocks, unblocks], `${queued} records, ${bytes} bytes`)
  }
  ledger.queued = 8
  bounds.flow.shut('failed')
  t.same([bounds.blocks, bounds.unblocks], [false, true], 'a plugin that has failed holds nobody up')
  const { bounds: other, ledger: full } = newBounds('drop-oldest')
  full.queued = 8
  t.same([other.blocks, other.unblocks], [false, true])
  t.end()
})

void test('what is dropped, and what is begun with it, is as the overflow action says', (t) => {
  for (const [overflow, dropped, told] of [
    ['drop-newest', 'queue-full', 'began queue-full'],
    ['ignore', 'queue-full', 'began queue-full'],
    ['single', 'queue-full', 'began queue-full'],
    ['halt', 'queue-full', 'began queue-full'],
    ['drop-oldest', 'oldest', 'began queue-full'],
    ['suspend', 'suspended', 'began suspended'],
  ] as const) {
    const own = newBounds(overflow)
    t.equal(own.bounds.overflow(true), 'queue-full')
    t.same(own.told, [], 'the daemon does not tell of its own records')
    const { bounds, told: heard } = newBounds(overflow)
    t.equal(bounds.overflow(false), dropped, overflow)
    t.same(heard, [told])
  }
  t.end()
})

void test('a loss is over when half of what is allowed is left', (t) => {
  const { bounds, ledger, told } = newBounds('drop-newest')
  bounds.overflow(false)
  ledger.queued = 4
  bounds.noticeRecovery()
  t.equal(bounds.flow.kind, 'losing')
  ledger.queued = 3
  bounds.noticeRecovery()
  t.same(told, ['began queue-full', 'ended 0'])
  bounds.flow.begin('suspended')
  bounds.noticeRecovery()
  t.equal(bounds.flow.kind, 'suspended', 'a suspension does not end by itself')
  t.end()
})
