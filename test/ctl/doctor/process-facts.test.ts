import { test } from 'tap'
import { configDirIn, findProcesses } from '../../../src/ctl/doctor/process-facts.js'
import { patient } from './patient.js'

void test('auditd and audispd, by their names', async (t) => {
  const { world } = patient({
    files: {
      '/proc/810/stat': '810 (audispd -c /etc) S 1 8 8 0\n',
      '/proc/810/cmdline': 'audispd -c /etc/audispd --run-dir /run/x\0\0\0',
      '/proc/811/stat': '811 (audispd-thing) S 1 8 8 0\n',
      '/proc/812/stat': '812 (a) (audispd) S) S 1 8 8 0\n',
    },
  })
  const found = await findProcesses(world.files)
  t.same(
    found.map(({ pid, parent, name, args }) => ({ pid, parent, name, args })),
    [
      { pid: 700, parent: 1, name: 'auditd', args: [] },
      { pid: 800, parent: 700, name: 'audispd', args: [] },
      { pid: 810, parent: 1, name: 'audispd', args: ['-c', '/etc/audispd', '--run-dir', '/run/x'] },
    ],
  )
})

void test('the directory that a command line names', (t) => {
  t.equal(configDirIn(['-c', '/x/']), '/x')
  t.equal(configDirIn(['--jitless', '--config-dir=/x']), '/x')
  t.equal(configDirIn(['--config-dir', '/']), '/')
  t.equal(configDirIn(['-c']), undefined)
  t.equal(configDirIn([]), undefined)
  t.end()
})
