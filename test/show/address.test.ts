import { test } from 'tap'
import { addressIn } from '../../src/show/address.js'

void test('addresses as the kernel has them', (t) => {
  for (const [hex, expected] of [
    ['020001BBC0000201', '192.0.2.1:443'],
    ['000201BBC0000201', '192.0.2.1:443'],
    ['0A0000500000000020010DB800000000000000000000000700000000', '[2001:db8::7]:80'],
    ['01002F72756E2F780000', '/run/x'],
    ['0100006162', '@ab'],
    ['0100', undefined],
    ['010000', undefined],
    ['020001BBC000', undefined],
    ['0A000050', undefined],
    ['100000000000000000000000', undefined],
    ['', undefined],
  ] as const) {
    t.equal(addressIn(Buffer.from(hex, 'hex')), expected, hex)
  }
  t.end()
})
