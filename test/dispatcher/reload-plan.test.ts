import { test } from 'tap'
import type { DropInReport } from '../../src/dispatcher/drop-in-dir.js'
import { planReload, type Known } from '../../src/dispatcher/reload-plan.js'
import { someDropIn } from './some-drop-in.js'

const NAME = 'p'
const FILE = '/etc/audispd/audispd.d/p.conf'

const KNOWN: Readonly<Record<string, Known | undefined>> = {
  unknown: undefined,
  same: { kind: 'active', fingerprint: 'now' },
  other: { kind: 'active', fingerprint: 'before' },
  invalid: { kind: 'invalid' },
}
const BASE = { name: NAME, file: FILE, problems: [] }
const REPORTS: Readonly<Record<string, DropInReport | undefined>> = {
  absent: undefined,
  active: { ...BASE, kind: 'active', dropIn: someDropIn(), fingerprint: 'now' },
  inactive: { ...BASE, kind: 'inactive', dropIn: someDropIn({ active: false }), fingerprint: 'now' },
  invalid: { ...BASE, kind: 'invalid' },
  masked: { ...BASE, kind: 'masked', by: '/etc/audispd/audispd.d/p.conf' },
  ignored: { ...BASE, kind: 'ignored', reason: 'a leading dot' },
  directory: { ...BASE, kind: 'directory' },
}

/** What was known, what is there now, what is done. What is not here leaves everything as it is. */
const CHANGES: Readonly<Record<string, string>> = {
  'unknown active': 'started',
  'invalid active': 'started',
  'same active': 'kept',
  'other active': 'restarted',
  'unknown invalid': 'invalid',
  'same invalid': 'invalid',
  'other invalid': 'invalid',
  'invalid invalid': 'invalid',
  ...Object.fromEntries(
    ['same', 'other'].flatMap((known) =>
      ['absent', 'inactive', 'masked', 'ignored', 'directory'].map((report) => [`${known} ${report}`, 'stopped']),
    ),
  ),
}

void test('every plugin as it was known, with everything that can be there now', (t) => {
  for (const [knownAs, known] of Object.entries(KNOWN)) {
    for (const [reportedAs, report] of Object.entries(REPORTS)) {
      const changes = planReload(
        new Map(known === undefined ? [] : [[NAME, known]]),
        report === undefined ? [] : [report],
      )
      const wanted = CHANGES[`${knownAs} ${reportedAs}`]
      t.same(
        changes.map(({ name, change }) => `${name} ${change}`),
        wanted === undefined ? [] : [`${NAME} ${wanted}`],
        `${knownAs} ${reportedAs}`,
      )
      const [change] = changes
      if (change === undefined || change.change === 'stopped' || change.change === 'invalid') continue
      t.match(change, { dropIn: someDropIn(), fingerprint: 'now' }, 'it goes on by what is there now')
    }
  }
  t.end()
})

void test('changes come by name, one a plugin', (t) => {
  const report = (name: string): DropInReport => ({
    name,
    file: FILE,
    problems: [],
    kind: 'active',
    dropIn: someDropIn({ name }),
    fingerprint: 'now',
  })
  const known = new Map<string, Known>([
    ['y', { kind: 'active', fingerprint: 'now' }],
    ['b', { kind: 'active', fingerprint: 'before' }],
    ['x', { kind: 'active', fingerprint: 'now' }],
    ['left', { kind: 'invalid' }],
  ])
  const masked: DropInReport = { name: 'b', file: FILE, problems: [], kind: 'masked', by: FILE }
  const changes = planReload(known, [report('z'), masked, report('b'), report('a'), report('y')])
  t.same(
    changes.map(({ name, change }) => `${name} ${change}`),
    ['a started', 'b restarted', 'x stopped', 'y kept', 'z started'],
  )
  t.end()
})
