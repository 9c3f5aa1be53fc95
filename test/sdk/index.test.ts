// What a plugin author gets: the package's export, its types, and a page whose examples work.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { ENV, NODE } from './no-environment.js'
import * as sdk from '../../src/sdk/index.js'

const PAGE = readFileSync('docs/sdk.md', 'utf8')
const RUN = 'run-1'
const RECORDS = [
  'type=USER_LOGIN msg=audit(1795288154.099:1): pid=1 uid=0 msg=\'op=login acct="root" id=0 res=success\'',
  'type=LOGIN msg=audit(1795288154.100:2): pid=2 uid=0',
  'type=LOGIN msg=audit(1795288154.101:3): pid=3 uid=0',
]
// What a program says of itself in msg='...', behind what the kernel says of it.
const HIDING_RECORD =
  'RECORD 1 type=USER_LOGIN msg=audit(1.000:1): pid=1 uid=1000 auid=1000 msg=\'op=login uid=0 acct="x" exe="/a"\'\n'

/** The package as it was built: where this very file comes from. */
function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir)
  return dir
}

/** A project of somebody who has installed the package, with every example of the page, compiled. */
function compiled(dir: string): { readonly status: number | null; readonly output: string } {
  const root = packageRoot()
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(root, join(dir, 'node_modules/audispd'))
  symlinkSync(join(root, 'node_modules/@types'), join(dir, 'node_modules/@types'))
  for (const [name, text] of examples()) writeFileSync(join(dir, name), text.replaceAll('/var/log/append/', `${dir}/`))
  const tsc = resolve('node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(ENV, [...NODE, tsc, '-p', dir], { encoding: 'utf8' })
  return { status, output: stdout }
}

function examples(): [name: string, text: string][] {
  return [...PAGE.matchAll(/<!-- example: (\S+) -->\n\n```(?:ts|json)\n([^]*?)```\n/g)].map(
    ([, name = '', text = '']) => [name, text],
  )
}

interface Ended {
  readonly status: number | null
  readonly said: readonly string[]
  readonly complaints: string
}

/** Runs an example as a dispatcher would, which answers every command with `answer`, until it has said `last`. */
async function ran(dir: string, name: string, lines: readonly string[], last: RegExp, answer = 'OK'): Promise<Ended> {
  const child = spawn(ENV, [...NODE, join('build', name.replace(/ts$/, 'js'))], {
    cwd: dir,
    stdio: 'pipe',
  })
  const said: string[] = []
  let complaints = ''
  let rest = ''
  let isStopped = false
  child.stdin.write(`HELLO 1 plugin=example run=${RUN} next=1 in-window=4096\n`)
  const stopOnce = (): void => {
    if (isStopped || ![...said, complaints].some((line) => last.test(line))) return
    isStopped = true
    child.stdin.end('STOP\n')
  }
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
    stopOnce()
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) {
      said.push(line)
      answered(child, line, lines, answer)
    }
    stopOnce()
  })
  return new Promise((done) => {
    child.on('close', (status) => {
      done({ status, said, complaints })
    })
  })
}

function answered(child: ChildProcess, line: string, lines: readonly string[], answer: string): void {
  const [verb, tag, name] = line.split(' ')
  if (verb === 'READY') child.stdin?.write(lines.map((each) => `${each}\n`).join(''))
  if (verb === 'RECORD') child.stdin?.write(`ACK ${tag}\n`)
  if (verb === 'COMMAND')
    child.stdin?.write(name === 'action' ? `${answer.replace('TAG', tag ?? '')}\n` : `OK ${tag}\n`)
}

function recordLines(first: number): string[] {
  return RECORDS.map((record, index) => `RECORD ${first + index} ${record}`)
}

void test('every example of the page compiles against the package, and does what the page says', async (t) => {
  const dir = t.testdir()
  const { status, output } = compiled(dir)
  t.equal(output, '')
  t.equal(status, 0)
  const names = examples().map(([name]) => name)
  t.same(names, [
    'append.ts',
    'package.json',
    'tsconfig.json',
    'meanings.ts',
    'exactly-once.ts',
    'logins.ts',
    'from-a-file.ts',
    'positions.ts',
    'quiet.ts',
    'count.test.ts',
  ])
  t.equal(PAGE.split(/```(?:ts|json)/).length - 1, names.length, 'none is left out')

  const file = join(dir, 'records.log')
  const append = await ran(dir, 'append.ts', recordLines(1), /^ACK 3$/)
  t.match(append, { status: 0, complaints: '' })
  t.equal(readFileSync(file, 'utf8'), RECORDS.map((record) => `${record}\n`).join(''))

  const meanings = await ran(dir, 'meanings.ts', recordLines(1), /^ACK 3$/)
  t.match(meanings, {
    status: 0,
    complaints: /^type=USER_LOGIN pid=1 uid=root op=login acct=root id=root res=success\n/,
  })

  writeFileSync(file, '')
  t.match(await ran(dir, 'exactly-once.ts', recordLines(1), /^ACK 3$/), { status: 0, complaints: '' })
  writeFileSync(file, `${readFileSync(file, 'utf8')}${RUN} 4 torn`)
  const again = await ran(dir, 'exactly-once.ts', recordLines(4), /^ACK 6$/)
  t.match(again, { status: 0, complaints: '' })
  t.equal(again.said[0], 'READY 1 ack from=4')
  const kept = [...RECORDS, ...RECORDS].map((record, index) => `${RUN} ${index + 1} ${record}\n`)
  t.equal(readFileSync(file, 'utf8'), kept.join(''))

  const logins = await ran(dir, 'logins.ts', recordLines(1), /^ACK 3$/)
  t.match(logins, { status: 0, complaints: '2026-11-21T19:09:14.099Z  root success\n' })

  writeFileSync(join(dir, 'input.log'), `${RECORDS.join('\n')}\n`)
  const fromFile = await ran(dir, 'from-a-file.ts', [], /all settled/)
  t.match(fromFile, { status: 0, complaints: 'all settled\n' })
  t.same(fromFile.said, ['READY 1', ...recordLines(1)])

  const positions = await ran(dir, 'positions.ts', [], /^RECORD 2/)
  t.equal(positions.status, 0)
  t.same(positions.said.slice(0, 2), ['READY 1 positions', 'RECORD 1 type=USER msg=audit(1.000:1): op=a'])
  t.equal(readFileSync(join(dir, 'position'), 'utf8'), '2')

  const quiet = await ran(dir, 'quiet.ts', [], /notify/, 'ERR TAG denied action:block-ip')
  t.match(quiet, { status: 0, complaints: 'action: denied: action:block-ip\n' })
  t.match(
    quiet.said.join('\n'),
    /subscribe type=USER_\*,LOGIN\n.* action block-ip 192\.0\.2\.1\n.* notify warn not%20allowed/,
  )

  const tested = spawnSync(ENV, [...NODE, 'build/count.test.js'], {
    cwd: dir,
    encoding: 'utf8',
  })
  t.equal(tested.status, 0, tested.stdout)
})

void test('to-json compiles outside of the repository, and what a program says hides nothing', async (t) => {
  const dir = join(t.testdir(), 'copy')
  cpSync('examples/typescript', dir, { recursive: true })
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(resolve('.'), join(dir, 'node_modules/audispd'))
  symlinkSync(resolve('node_modules/@types'), join(dir, 'node_modules/@types'))
  const compiler = spawnSync(ENV, [...NODE, resolve('node_modules/typescript/bin/tsc'), '-p', dir], {
    encoding: 'utf8',
  })
  t.equal(compiler.stdout, '')
  t.equal(compiler.status, 0)
  const file = join(dir, 'records.json')
  const child = spawn(ENV, [...NODE, join(dir, 'build/to-json.js'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.write('HELLO 1 plugin=a run=r next=1 in-window=10\n')
  child.stdout.once('data', () => child.stdin.end(HIDING_RECORD))
  t.equal(await new Promise((done) => child.on('close', done)), 0)
  const line: unknown = JSON.parse(readFileSync(file, 'utf8'))
  t.match(line, {
    type: 'USER_LOGIN',
    fields: { pid: '1', uid: '1000', auid: '1000', op: 'login', acct: 'x', exe: '/a' },
    repeated: [['uid', '0']],
  })
})

void test('the repository itself is its package', (t) => {
  const root = packageRoot()
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', "console.log(Object.keys(await import('audispd/sdk')).sort().join())"],
    { cwd: root, encoding: 'utf8' },
  )
  t.equal(stderr, '')
  t.equal(status, 0)
  t.equal(stdout, `${Object.keys(sdk).sort().join()}\n`)
  t.end()
})

void test('every export is described, and every member of it', (t) => {
  const exported = readFileSync('src/sdk/index.ts', 'utf8').matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)
  let described = 0
  for (const [, names = '', path = ''] of exported) {
    const lines = readFileSync(join('src/sdk', path.replace(/js$/, 'ts')), 'utf8').split('\n')
    for (const name of names.replaceAll(/\btype\b/g, '').match(/\w+/g) ?? []) {
      const isDeclaration = new RegExp(`^export (?:async )?(?:function|class|interface|type|const) ${name}\\b`)
      const at = lines.findIndex((line) => isDeclaration.test(line))
      t.match(lines[at - 1], /\*\/$/, `${name} in ${path}`)
      if (!/\b(?:class|interface)\b/.test(lines[at] ?? '')) continue
      for (const [index, line] of lines.slice(0, lines.indexOf('}', at)).entries()) {
        if (index <= at || !isMember(line)) continue
        t.match(lines[index - 1], /\*\/$/, `${name}: ${line}`)
        described++
      }
    }
  }
  t.ok(described > 60, `${described} members`)
  t.end()
})

/** Of an interface or a class: what begins at its first level and is neither private nor known from elsewhere. */
function isMember(line: string): boolean {
  return /^ {2}(?:\w|\*\[)/.test(line) && !/^ {2}(?:constructor|override)\b|^[^(:=]*#/.test(line)
}
