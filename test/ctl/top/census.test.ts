import { test } from 'tap'
import { Census, NO_NAME, OTHERS } from '../../../src/ctl/top/census.js'

let serial = 0

function event(key: string, exe: string, auid: number): string {
  const stamp = `msg=audit(1795288154.099:${++serial}):`
  const call = `type=SYSCALL ${stamp} arch=c000003e syscall=59 auid=${auid} exe="${exe}" key=${key}\n`
  return `${call}type=CWD ${stamp} cwd="/"\ntype=PATH ${stamp} name="/x"\n`
}

function take(census: Census, lines: string): void {
  const bytes = Buffer.from(`xx${lines}rest`)
  census.take(bytes, 2, bytes.length - 4)
}

void test('all records of an event count for what its system call says', (t) => {
  const census = new Census()
  take(census, event('"shadow"', '/usr/bin/cat', 1000) + event('"shadow"', '/usr/bin/id', 0))
  take(
    census,
    event('(null)', '/usr/bin/id', 0) + 'type=USER_LOGIN msg=audit(1.2:3): auid=0 exe="/usr/sbin/sshd"\nno record\n',
  )
  t.equal(census.records, 10, 'what is no record does not count')
  t.same(census.greatest('key', 9), [
    { name: 'shadow', share: 0.6 },
    { name: NO_NAME, share: 0.4 },
  ])
  t.same(census.greatest('exe', 1), [{ name: '/usr/bin/id', share: 0.6 }])
  t.same(
    census.greatest('auid', 9).map(({ name }) => name),
    ['0', '1000'],
  )
  t.same(census.greatest('type', 2), [
    { name: 'CWD', share: 0.3 },
    { name: 'PATH', share: 0.3 },
  ])
  t.end()
})

void test('the window moves on', (t) => {
  const census = new Census()
  take(census, event('"old"', '/bin/a', 0))
  for (let turn = 0; turn < 9; turn++) census.turn()
  take(census, event('"new"', '/bin/b', 0))
  t.equal(census.greatest('key', 9).length, 2)
  t.equal(census.records, 3, 'of the interval at hand')
  census.turn()
  t.same(census.greatest('key', 9), [{ name: 'new', share: 1 }])
  census.forget()
  t.same(census.greatest('key', 9), [])
  t.end()
})

void test('made-up names do not fill memory', (t) => {
  const census = new Census()
  for (let number = 0; number < 1500; number++) take(census, event(`"key${number}"`, '/bin/a', 0))
  take(census, event(`"${'x'.repeat(5000)}"`, '/bin/a', 0))
  const names = census.greatest('key', 5000)
  t.equal(names.length, 1001)
  t.same(names[0], { name: OTHERS, share: 501 / 1501 })
  t.end()
})
