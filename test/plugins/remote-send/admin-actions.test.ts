import { test } from 'tap'
import type { AdminAction } from '../../../plugins/remote-send/admin-action.js'
import { deedFor, NOTHING_TOLD, wellAgain, type Trouble } from '../../../plugins/remote-send/admin-actions.js'
import { DEFAULT_CONFIG } from '../../../plugins/remote-send/config.js'

const KEYS: Readonly<Record<Trouble, keyof typeof DEFAULT_CONFIG.actions>> = {
  'startup-failure': 'startupFailure',
  'network-failure': 'networkFailure',
  'remote-ending': 'remoteEnding',
  'disk-low': 'diskLow',
  'disk-full': 'diskFull',
  'disk-error': 'diskError',
  'generic-error': 'genericError',
  'generic-warning': 'genericWarning',
  'queue-error': 'queueError',
  overflow: 'overflow',
}

const NONE: Readonly<Record<string, AdminAction>> = Object.fromEntries(
  Object.values(KEYS).map((key) => [key, { kind: 'ignore' }]),
)

void test('each trouble has the action of its own key', (t) => {
  for (const what of [
    'startup-failure',
    'network-failure',
    'remote-ending',
    'disk-low',
    'disk-full',
    'disk-error',
    'generic-error',
    'generic-warning',
    'queue-error',
    'overflow',
  ] as const) {
    const actions = { ...DEFAULT_CONFIG.actions, ...NONE, [KEYS[what]]: { kind: 'exec', name: what } }
    t.same(deedFor(what, actions, NOTHING_TOLD).deed, { kind: 'run', name: what })
  }
  t.end()
})

void test('what each action comes to, the first time and the next', (t) => {
  const twice = (action: AdminAction): string[] => {
    const actions = { ...DEFAULT_CONFIG.actions, diskFull: action }
    const first = deedFor('disk-full', actions, NOTHING_TOLD)
    return [first.deed.kind, deedFor('disk-full', actions, first.told).deed.kind]
  }
  t.same(twice({ kind: 'ignore' }), ['nothing', 'nothing'])
  t.same(twice({ kind: 'reconnect' }), ['nothing', 'nothing'])
  t.same(twice({ kind: 'syslog' }), ['tell', 'tell'])
  t.same(twice({ kind: 'warn_once' }), ['tell', 'nothing'])
  t.same(twice({ kind: 'warn_once_continue' }), ['tell', 'nothing'])
  t.same(twice({ kind: 'suspend' }), ['suspend', 'suspend'])
  t.same(twice({ kind: 'stop' }), ['stop', 'stop'])
  for (const kind of ['single', 'halt'] as const) t.same(twice({ kind }), ['run', 'run'])
  t.end()
})

void test('when it is well again, the next trouble is told anew', (t) => {
  const actions = { ...DEFAULT_CONFIG.actions, diskLow: { kind: 'warn_once' }, overflow: { kind: 'ignore' } } as const
  const { told } = deedFor('disk-low', actions, deedFor('overflow', actions, NOTHING_TOLD).told)
  t.same(deedFor('disk-low', actions, wellAgain(told)).deed, { kind: 'tell' })
  t.same([...wellAgain(told)], ['overflow'], "the spool's own troubles are not the other side's")
  t.end()
})
