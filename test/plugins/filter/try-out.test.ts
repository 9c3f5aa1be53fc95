import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'tap'
import { compile, newInterpreter } from '../../../plugins/filter/compile.js'
import { DEFAULT_CONFIG } from '../../../plugins/filter/config.js'
import { explainEvent, isEventId } from '../../../plugins/filter/explain-verb.js'
import type { Setup } from '../../../plugins/filter/load.js'
import { readRules } from '../../../plugins/filter/rule-file.js'
import { testFiles } from '../../../plugins/filter/test-verb.js'

const LOG = 'test/fixtures/auditd-stream/v2.8.5-enriched-node.log'
const ID = '1795288177.819:10872'
const RULES = `keep as shadow when name r= "\\"/etc/shadow\\""
notify as execs once per 1h by exe when type r= EXECVE
drop as cwd when type r= CWD
count as never when type r= NEVER_THERE
`

function setup(text: string): Setup {
  const { rules } = readRules(Buffer.from(text), 'rules', { kind: 'verbs' })
  if (rules === undefined) throw new Error('the rules are wrong')
  return { config: DEFAULT_CONFIG, rules }
}

async function tested(files: readonly string[], isJson: boolean): Promise<string[]> {
  let out = ''
  await testFiles(setup(RULES), compile, files, isJson, (text) => {
    out += text
  })
  return out.split('\n').slice(0, -1)
}

void test('test: an event a line, counts, and rules that never match', async (t) => {
  const log = readFileSync(LOG, 'latin1')
  const idsWith = (pattern: RegExp): Set<string> => new Set([...log.matchAll(pattern)].map(([, id = '']) => id))
  const withCwd = idsWith(/^node=\S+ type=CWD msg=audit\(([^)]+)\)/gm)
  const withShadow = idsWith(/^node=\S+ type=\S+ msg=audit\(([^)]+)\).* name="\/etc\/shadow"/gm)
  const dropped = [...withCwd].filter((id) => !withShadow.has(id))
  const lines = await tested([LOG], false)
  t.same(
    lines
      .filter((line) => line.startsWith('drop '))
      .map((line) => line.split(' ')[1] ?? '')
      .toSorted(),
    dropped.toSorted(),
  )
  t.ok(lines.some((line) => /^drop \S+ by cwd; notify by execs$/.test(line)))
  t.ok(lines.some((line) => line.endsWith('notify by execs (held back: repeated)')))
  t.match(lines.at(-1), 'never matched: never')
  const summary = JSON.parse((await tested([LOG], true)).at(-1) ?? '').summary
  t.match(summary, {
    unit: 'event',
    dropped: dropped.length,
    unused: ['never'],
    rules: [{ hits: withShadow.size }, {}, { hits: dropped.length }, { hits: 0 }],
  })
  t.equal(summary.records, log.split('\n').length - 1)
  t.equal(summary.kept + summary.dropped, summary.events)
  t.end()
})

void test('test: compressed files, several, and an unfinished last line, are the same', async (t) => {
  const dir = t.testdir({})
  const log = readFileSync(LOG)
  const half = log.indexOf('\n', log.length / 2) + 1
  const [first, second] = [join(dir, 'a.gz'), join(dir, 'b')]
  writeFileSync(first, gzipSync(log.subarray(0, half)))
  writeFileSync(second, log.subarray(half, -1))
  t.same(await tested([first, second], false), await tested([LOG], false))
  writeFileSync(first, gzipSync(log).subarray(0, 5000))
  await t.rejects(tested([first], false), { code: 'Z_BUF_ERROR' })
  await t.rejects(tested([join(dir, 'none')], false), { code: 'ENOENT' })
  t.end()
})

async function explained(event: string, rules: string, isJson: boolean): Promise<{ count: number; out: string }> {
  let out = ''
  const count = await explainEvent(setup(rules), newInterpreter(), event, [LOG], isJson, (text) => {
    out += text
  })
  return { count, out }
}

void test('explain: which clause matches which record', async (t) => {
  const rules = `drop as none when type r= LOGIN && auid r= 1
keep as login when type r= LOGIN && auid r= 4242
drop as behind when type r= LOGIN
`
  const { count, out } = await explained(ID, rules, false)
  t.equal(count, 1)
  t.match(out, /^event 1795288177\.819:10872: keep, by login\n {2}record 1: node=\S+ type=LOGIN /)
  t.match(
    out,
    /\nnone: no: .*\n {2}record 1, LOGIN: no\n {4}yes type r= LOGIN: it is LOGIN\n {4}no {2}auid r= 1: it is 4242\n/,
  )
  t.match(out, /\nlogin: matches: .*\n {2}record 1, LOGIN: matches\n/)
  t.notMatch(out, /behind/, 'it ends with the rule that decides')
  const json = JSON.parse((await explained(ID, rules, true)).out)
  t.match(json, { event: ID, verdict: 'keep', by: 'login', rules: [{ holds: false }, { holds: true }] })
  t.equal((await explained('10872', rules, true)).out, (await explained(ID, rules, true)).out, 'by the serial alone')
  t.equal((await explained('1795288177.818:10872', rules, false)).count, 0)
  t.equal((await explained('1087', rules, false)).count, 0)
  t.same(['', 'x', '1.5', '1.000:', ':5'].filter(isEventId), [])
  t.end()
})
