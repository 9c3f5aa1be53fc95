import { test } from 'tap'
import { withActive } from '../../src/ctl/active-key.js'

void test('one word changes, and nothing else', (t) => {
  const text = '# active = no\n\nactive = no\r\npath = /x\n  ACTIVE\t=NO  \n# end'
  t.equal(
    withActive(text, true),
    '# active = no\n\nactive = no\r\npath = /x\n  ACTIVE\t=yes  \n# end',
    'the last counts',
  )
  t.equal(withActive('active = no\r\n', true), 'active = yes\r\n')
  t.equal(withActive('active =\n', true), 'active =yes\n')
  t.equal(withActive('active = YES\n', true), 'active = YES\n', 'it is so already')
  t.equal(withActive('active = maybe # \xff\n', false), 'active = no # \xff\n')
  t.equal(withActive('activex = no\npath = /x\n', false), 'activex = no\npath = /x\n', 'without the key it is not')
  t.end()
})

void test('a drop-in without the key gets it before the first', (t) => {
  t.equal(withActive('# about\n\n  # it\npath = /x\n', true), '# about\n\n  # it\nactive = yes\npath = /x\n')
  t.equal(withActive('', true), 'active = yes\n')
  t.equal(withActive('# all', true), '# all\nactive = yes\n')
  t.equal(withActive('# all\n', true), '# all\nactive = yes\n')
  t.end()
})
