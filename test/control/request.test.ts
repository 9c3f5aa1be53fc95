import { test } from 'tap'
import type { ControlErrorCode } from '../../src/control/control-error.js'
import { checkAccess, readRequest, type Request } from '../../src/control/request.js'

void test('what can be asked', (t) => {
  const all = undefined
  const cases: readonly (readonly [string, Request])[] = [
    ['ping', { verb: 'ping' }],
    ['status', { verb: 'status', plugin: all }],
    ['  status   syslog ', { verb: 'status', plugin: 'syslog' }],
    ['start a', { verb: 'start', plugin: 'a' }],
    ['stop a', { verb: 'stop', plugin: 'a' }],
    ['restart a', { verb: 'restart', plugin: 'a' }],
    ['resume', { verb: 'resume', plugin: all }],
    ['resume a', { verb: 'resume', plugin: 'a' }],
    ['reload', { verb: 'reload', isDry: false }],
    ['reload dry-run', { verb: 'reload', isDry: true }],
    ['logs', { verb: 'logs', plugin: all, follow: false }],
    ['logs a', { verb: 'logs', plugin: 'a', follow: false }],
    ['logs follow', { verb: 'logs', plugin: all, follow: true }],
    ['logs follow follow', { verb: 'logs', plugin: 'follow', follow: true }],
    ['tap', { verb: 'tap', selector: '' }],
    ['tap type=SYSCALL  node=a*', { verb: 'tap', selector: 'type=SYSCALL node=a*' }],
  ]
  for (const [line, request] of cases) t.same(readRequest(line), request, line)
  t.end()
})

void test('what cannot', (t) => {
  const cases: readonly (readonly [string, ControlErrorCode])[] = [
    ['', 'unknown-verb'],
    ['Status', 'unknown-verb'],
    ['statu', 'unknown-verb'],
    ['ping a', 'usage'],
    ['status a b', 'usage'],
    ['start', 'usage'],
    ['start a b', 'usage'],
    ['reload now', 'usage'],
    ['logs a b', 'usage'],
    ['logs a b follow', 'usage'],
    ['ping\r', 'usage'],
    ['status \u0000', 'usage'],
    ['status \u001b[31m', 'usage'],
    [Buffer.from([0x73, 0xff, 0xfe]).toString(), 'usage'],
  ]
  for (const [line, code] of cases) t.throws(() => readRequest(line), { code }, JSON.stringify(line))
  t.end()
})

void test('who may ask what', (t) => {
  const lines = ['ping', 'status', 'status a', 'start a', 'stop a', 'restart a', 'resume', 'reload', 'logs', 'tap']
  const denied = lines.filter((line) => {
    checkAccess('all', readRequest(line))
    try {
      checkAccess('status', readRequest(line))
      return false
    } catch (error) {
      t.match(error, { code: 'denied' })
      return true
    }
  })
  t.same(denied, ['start a', 'stop a', 'restart a', 'resume', 'reload', 'logs', 'tap'])
  t.end()
})
