import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test, type Test } from 'tap'
import { bootId, processWith } from '../../src/dispatcher/process-table.js'
import { livingStates, orphanages, RunDir, runDirBase } from '../../src/dispatcher/run-dir.js'

const SELF = processWith(process.pid)
const OTHER_BOOT = '00000000-0000-4000-8000-000000000000'
const NO_SUCH_PID = 4_194_304

function base(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'run-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  return join(dir, 'audispd')
}

void test('a directory of our own, named for this process', (t) => {
  const path = base(t)
  const runDir = RunDir.make(path, SELF)
  t.equal(runDir.path, join(path, `${process.pid}.${SELF?.startTicks}.${bootId()}`))
  for (const each of [path, runDir.path]) t.equal(statSync(each).mode & 0o777, 0o700)
  const one = runDir.fifoPaths('p')
  const two = runDir.fifoPaths('p')
  t.equal(new Set([...Object.values(one), ...Object.values(two)]).size, 6, 'FIFOs never share a path')
  writeFileSync(one.input, '')
  runDir.removeFifos(one)
  t.notOk(existsSync(one.input))
  runDir.remove()
  t.same(readdirSync(path), [])
  runDir.remove()
  t.end()
})

void test('a place that cannot be trusted, or is none', (t) => {
  const path = base(t)
  writeFileSync(path, '')
  t.throws(() => RunDir.make(path, SELF), { message: /is not a directory of this user's/ })
  rmSync(path)
  symlinkSync('/', path)
  t.throws(() => RunDir.make(path, SELF), { message: /is not a directory/ }, 'a link could lead anywhere')
  rmSync(path)
  mkdirSync(path)
  chmodSync(path, 0o770)
  t.throws(() => RunDir.make(path, SELF), { message: /may be written by others/ })
  chmodSync(path, 0o755)
  t.throws(() => RunDir.make(join(path, 'a', 'b'), SELF), { code: 'ENOENT' })
  t.end()
})

void test('plugins are remembered for whoever comes next', (t) => {
  const path = base(t)
  const runDir = RunDir.make(path, SELF)
  t.equal(runDir.remember('p', process.pid, 5000), '')
  t.equal(readFileSync(join(runDir.path, 'p.pid'), 'utf8'), `${process.pid} ${SELF?.startTicks} 5000\n`)
  runDir.forget('p')
  runDir.forget('never-there')
  t.same(readdirSync(runDir.path), [])
  runDir.remove()
  t.not(runDir.remember('p', process.pid, 5000), '', 'what cannot be written is no reason to stop')
  runDir.forget('p')
  t.not(runDir.saveState({}), '')
  t.end()
})

void test('what daemons that are gone have left', (t) => {
  const path = base(t)
  const living = RunDir.make(path, SELF)
  living.remember('p', process.pid, 5000)
  const gone = join(path, `${NO_SUCH_PID}.123.${bootId()}`)
  const sameName = join(path, `${process.pid}.1.${bootId()}`)
  const otherBoot = join(path, `${process.pid}.${SELF?.startTicks}.${OTHER_BOOT}`)
  for (const dir of [gone, sameName, otherBoot, join(path, 'else'), join(path, '1.2.3.4')]) mkdirSync(dir)
  writeFileSync(join(path, `${NO_SUCH_PID}.5.${bootId()}`), 'no directory')
  for (const dir of [gone, otherBoot]) writeFileSync(join(dir, 'siem.pid'), '77 4242 1500\n')
  writeFileSync(join(gone, 'cut.pid'), '77 4242')
  writeFileSync(join(gone, 'words.pid'), '77 -1 /etc/passwd\n')
  writeFileSync(join(gone, 'empty.pid'), '')
  writeFileSync(join(gone, 'other.txt'), '77 4242 1500\n')
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1)
  const left = [
    { path: gone, orphans: [{ plugin: 'siem', pid: 77, startTicks: '4242', stopTimeoutMs: 1500 }] },
    { path: sameName, orphans: [] },
    // Pids and start times from before the last boot say nothing.
    { path: otherBoot, orphans: [] },
  ]
  t.same(orphanages(path).toSorted(byPath), left.toSorted(byPath))
  t.same(orphanages(join(path, 'nowhere')), [])
  t.end()
})

void test('what living daemons run', (t) => {
  const path = base(t)
  t.same(livingStates(path), [])
  const runDir = RunDir.make(path, SELF)
  t.same(livingStates(path), [], 'it has only just started')
  t.equal(runDir.saveState({ plugins: { p: 1 } }), '')
  const gone = join(path, `${NO_SUCH_PID}.123.${bootId()}`)
  mkdirSync(gone)
  writeFileSync(join(gone, 'state.json'), '{}')
  t.same(livingStates(path), [{ plugins: { p: 1 } }])
  t.equal(runDir.saveState({ plugins: {} }), '')
  t.same(livingStates(path), [{ plugins: {} }])
  t.same(readdirSync(runDir.path), ['state.json'], 'nothing else is left')
  t.end()
})

void test('where it lies by default', (t) => {
  if (process.geteuid?.() === 0) t.equal(runDirBase(), '/run/audispd')
  else t.match(basename(runDirBase()), /^audispd/)
  t.end()
})
