import { test } from 'tap'
import type { Naming } from '../../../plugins/log/naming.js'
import { simpleNames } from '../../../plugins/log/simple-names.js'
import { solarisNames } from '../../../plugins/log/solaris-names.js'

const END_MS = Date.UTC(2007, 0, 11, 15, 46, 32, 999)

/** What the directory holds behind each of the steps of a retirement. */
function steps(naming: Naming, name: string, names: readonly string[]): string[] {
  return naming
    .retire(name, names, END_MS)
    .map((step) => (step.kind === 'rename' ? `${step.from} ${step.to}` : step.name))
}

void test('simple names: shifted from the first free number on, oldest first', (t) => {
  const naming = simpleNames('audit.log', false)
  const at = (...names: string[]): string[] => steps(naming, 'audit.log', names)
  t.same(at('audit.log'), ['audit.log audit.log.1'])
  t.same(at('audit.log', 'audit.log.1', 'audit.log.2'), [
    'audit.log.2 audit.log.3',
    'audit.log.1 audit.log.2',
    'audit.log audit.log.1',
  ])
  t.same(at('audit.log', 'audit.log.1.gz', 'audit.log.3'), ['audit.log.1.gz audit.log.2.gz', 'audit.log audit.log.1'])
  t.same(at('audit.log', 'audit.log.2'), ['audit.log audit.log.1'])
  t.same(steps(simpleNames('a', true), 'a.gz', ['a.gz', 'a.1']), ['a.1 a.2', 'a.gz a.1.gz'])
  t.end()
})

void test('simple names: other files are nobody of ours', (t) => {
  const naming = simpleNames('audit.log', false)
  const others = [
    'audit.log.state',
    'audit.log.torn',
    'audit.log.01',
    'audit.log.1.bz2',
    'audit.log.-1',
    'xaudit.log.1',
    'audit.logs',
  ]
  t.same(naming.rotated([...others, 'audit.log', 'audit.log.10', 'audit.log.9.gz']), ['audit.log.10', 'audit.log.9.gz'])
  t.same(naming.strays([...others, 'audit.log', 'audit.log.gz']), ['audit.log.gz'])
  t.equal(naming.current(others), undefined)
  t.equal(naming.current(['audit.log']), 'audit.log')
  t.equal(naming.begin([], 0), 'audit.log')
  t.end()
})

void test('simple names: a free number below others is a rotation that was interrupted', (t) => {
  const naming = simpleNames('audit.log', false)
  t.equal(naming.isInterrupted(['audit.log', 'audit.log.2', 'audit.log.1']), false)
  t.equal(naming.isInterrupted(['audit.log', 'audit.log.2']), true)
  t.equal(naming.isInterrupted(['audit.log', 'audit.log.1', 'audit.log.3.gz']), true)
  t.equal(naming.isInterrupted(['audit.log']), false)
  t.end()
})

void test('solaris names: by start and end', (t) => {
  const naming = solarisNames('web1.example', false)
  const open = '20070111154600.not_terminated.web1.example'
  t.equal(naming.begin([], END_MS), '20070111154632.not_terminated.web1.example')
  t.equal(naming.current([open, '20070111154600.20070111154632.web1.example']), open)
  t.same(steps(naming, open, [open]), [`${open} 20070111154600.20070111154632.web1.example`])
  t.same(steps(naming, open, [open, '20070111154600.20070111154632.web1.example.gz']), [
    `${open} 20070111154600.20070111154633.web1.example`,
  ])
  const later = '20080101000000.not_terminated.web1.example'
  t.same(
    steps(naming, later, [later]),
    [`${later} 20080101000000.20080101000000.web1.example`],
    'never ends before it begins',
  )
  t.equal(
    naming.begin(['20070111154600.20090101000000.web1.example'], END_MS),
    '20090101000000.not_terminated.web1.example',
    'a clock that went back makes no file that sorts before the last one',
  )
  t.end()
})

void test('solaris names: files of other hosts, and other files, are left alone; a host is no path', (t) => {
  const naming = solarisNames('../a b', true)
  t.equal(naming.begin([], END_MS), '20070111154632.not_terminated..._a_b.gz')
  const ours = ['20070111154632.20070111154633..._a_b', '20070111154631.20070111154632..._a_b.gz']
  const others = [
    '20070111154632.20070111154633.other',
    '2007.not_terminated..._a_b',
    'audit.log',
    '20070111154632.x..._a_b',
  ]
  t.same(naming.rotated([...others, ...ours]), ours.toReversed())
  t.same(naming.strays(['20070111154632.not_terminated..._a_b', ...others]), ['20070111154632.not_terminated..._a_b'])
  t.end()
})
