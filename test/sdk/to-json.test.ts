// The example in TypeScript, as somebody has it who copies it out of the package.

import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'tap'

const RECORD =
  'RECORD 1 type=USER_LOGIN msg=audit(1.000:1): pid=1 uid=1000 auid=1000 msg=\'op=login uid=0 acct="x" exe="/a"\'\n'

void test('to-json compiles outside of the repository, and what a program says hides nothing', async (t) => {
  const dir = join(t.testdir(), 'copy')
  cpSync('examples/typescript', dir, { recursive: true })
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(resolve('.'), join(dir, 'node_modules/audispd'))
  symlinkSync(resolve('node_modules/@types'), join(dir, 'node_modules/@types'))
  const compiler = spawnSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', dir], {
    encoding: 'utf8',
  })
  t.equal(compiler.stdout, '')
  t.equal(compiler.status, 0)
  const file = join(dir, 'records.json')
  const child = spawn(process.execPath, [join(dir, 'build/to-json.js'), file], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write('HELLO 1 plugin=a run=r next=1 in-window=10\n')
  child.stdout.once('data', () => child.stdin.end(RECORD))
  t.equal(await new Promise((resolve) => child.on('close', resolve)), 0)
  const line: unknown = JSON.parse(readFileSync(file, 'utf8'))
  t.match(line, {
    type: 'USER_LOGIN',
    fields: { pid: '1', uid: '1000', auid: '1000', op: 'login', acct: 'x', exe: '/a' },
    repeated: [['uid', '0']],
  })
})
