// Runs one suite of built tests and closes with its tally, `N passed, N failed`. Usage: test.mjs unit|live [tap arguments]
//
// tap keeps its plugin set compiled inside node_modules, so a fresh install has to build it once before the first run.
//
// A process with tap in it takes longer to start than most test files take to run, so the unit suite runs the quiet files of
// a directory in one process, a room (room.mjs). What starts programs or changes its process runs alone. What took longest
// in the run before begins first, so that no long one is left over for the end.
//
// tap's command puts a module loader into each process it starts, for a coverage that is not taken here, and that one puts it
// into every Node a test starts: half a second of CPU each. So the command runs one program alone, which starts the files
// without it: as they run by hand.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const SUITES = { unit: 'build/test', live: 'build/test/live' }
// Many files wait for programs more than they work, so one more runs than CI has cores. Of the live ones one at a time: only
// one auditd can hold the kernel's audit.
const JOBS = { unit: 3, live: 1 }
/** Of a process; a room is many files, and takes a minute where nothing else is done. Waits in tests end before that, and name themselves. */
const TIMEOUT_S = { unit: 300, live: 400 }
const TAP = 'node_modules/.bin/tap'
/** Of one failure, and of all. */
const DIAGNOSTIC_LINES = 30
const MAX_FAILURE_LINES = 400
/** Of this run alone: single files are run beside it. */
const PROGRAM = `build/suite-${process.pid}.js`
const ROOMS = 'build/rooms'
/** More than these are split, so that both jobs are busy to the end. */
const MAX_FILES_IN_ROOM = 20
/** Those that run the whole daemon take longer, and wait for it: smaller rooms keep all jobs busy. */
const MAX_E2E_FILES_IN_ROOM = 4
/** Of a file that must have its process to itself. */
const NOT_QUIET =
  /node:(child_process|cluster|worker_threads)|\bprocess\.(chdir|exit|exitCode|kill|on|once|umask|stdin)\b|\bprocess\.env\.\w+ = /
const E2E = 'build/test/e2e'

const [suite = 'unit', ...rest] = process.argv.slice(2)
if (!(suite in SUITES)) {
  process.stderr.write(`test.mjs: no suite '${suite}'; there are ${Object.keys(SUITES).join(', ')}\n`)
  process.exit(64)
}

buildTapOnce()
mkdirSync('.tap', { recursive: true })
const output = `.tap/${suite}.tap`
const asked = rest.filter((arg) => arg.endsWith('.test.js'))
const options = rest.filter((arg) => !asked.includes(arg))
const files = asked.length > 0 ? asked : longestFirst(inRooms(testFiles(SUITES[suite])))
writeFileSync(PROGRAM, programOf(files))
const began = Date.now()
const reporting = ['-R', 'terse', `--output-file=${output}`, `--timeout=${TIMEOUT_S[suite]}`]
const run = spawnSync(TAP, [...reporting, ...options, PROGRAM], { stdio: 'inherit' })
rmSync(PROGRAM)
const written = readFileSync(output, 'utf8')
const tally = count(written)
writeFileSync(`.tap/${suite}.tally.json`, JSON.stringify(tally))
if (asked.length === 0) writeFileSync(`.tap/${suite}.times.json`, JSON.stringify(timesIn(written)))
tellFailures(written)
for (const [, test, why] of written.matchAll(/^ *ok [0-9]+ - (.*) # SKIP ?(.*)$/gm)) {
  process.stdout.write(`skipped: ${test}: ${why || 'no reason given'}\n`)
}
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
process.stdout.write(`${suite} tests took ${Math.round((Date.now() - began) / 1000)} s\n`)
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed${skipped}\n`)
process.exit(run.status === 0 && tally.passed > 0 && tally.failed === 0 ? 0 : 1)

/** What is not ok, each with what it is a part of below it, and why. tap's own reporters say nothing of processes within a program. */
function tellFailures(tap) {
  let left = MAX_FAILURE_LINES
  const lines = tap.split('\n')
  for (const [index, line] of lines.entries()) {
    if (!/^ *not ok /.test(line) || left <= 0) continue
    const diagnostics = /^ *---$/.test(lines[index + 1] ?? '')
      ? lines.slice(index + 1, index + 1 + DIAGNOSTIC_LINES)
      : []
    const end = diagnostics.findIndex((each) => /^ *\.\.\.$/.test(each))
    const told = [line, ...(end === -1 ? diagnostics : diagnostics.slice(0, end + 1))]
    left -= told.length
    process.stdout.write(`${told.join('\n')}\n`)
  }
}

function testFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = `${dir}/${entry.name}`
    if (entry.isDirectory()) return path === SUITES.live ? [] : testFiles(path)
    return entry.name.endsWith('.test.js') ? [path] : []
  })
}

/** The files that run alone and the generated programs that run the others. */
function inRooms(paths) {
  if (suite !== 'unit') return paths
  rmSync(ROOMS, { recursive: true, force: true })
  mkdirSync(ROOMS, { recursive: true })
  const alone = paths.filter((path) => dirname(path) !== E2E && NOT_QUIET.test(readFileSync(path, 'utf8')))
  const quiet = paths.filter((path) => !alone.includes(path))
  const dirs = [...new Set(quiet.map((path) => dirname(path)))]
  const rooms = dirs.flatMap((dir) => {
    const own = quiet.filter((path) => dirname(path) === dir)
    const parts = Math.ceil(own.length / (dir === E2E ? MAX_E2E_FILES_IN_ROOM : MAX_FILES_IN_ROOM))
    return Array.from({ length: parts }, (_, part) => {
      const room = `${ROOMS}/${dir.slice('build/'.length).replaceAll('/', '-')}-${part + 1}.test.js`
      const some = own.filter((_path, index) => index % parts === part)
      writeFileSync(room, `import { runRoom } from '../../scripts/room.mjs'\nawait runRoom(${JSON.stringify(some)})\n`)
      return room
    })
  })
  return [...rooms, ...alone]
}

/** Before the first run nothing is known: rooms first, as there is most in them. */
function longestFirst(paths) {
  const record = `.tap/${suite}.times.json`
  const times = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {}
  return paths.toSorted((a, b) => (times[b] ?? Infinity) - (times[a] ?? Infinity) || 0)
}

/** Starts the files, each in a process of its own. */
function programOf(paths) {
  return `import { t } from 'tap'
t.jobs = ${JOBS[suite]}
t.setTimeout(0)
for (const name of ${JSON.stringify(paths)}) {
  const args = ['-u', 'NODE_OPTIONS', process.execPath, '--enable-source-maps', name]
  void t.spawn('/usr/bin/env', args, { name, buffered: true, timeout: ${TIMEOUT_S[suite] * 1000} })
}
`
}

/** What tap says that each file took. */
function timesIn(tap) {
  const closed = tap.matchAll(/^ {4}(?:not )?ok [0-9]+ - (build\/\S+) # time=([0-9.]+)(m?s)$/gm)
  return Object.fromEntries([...closed].map(([, path, time, unit]) => [path, Number(time) * (unit === 's' ? 1000 : 1)]))
}

function buildTapOnce() {
  const stamp = 'node_modules/.tap-plugins'
  const wanted = readFileSync('.taprc', 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const built = spawnSync(TAP, ['build'], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (built.status !== 0) process.exit(built.status ?? 70)
  writeFileSync(stamp, wanted)
}

/** The counts of TAP 14's closing comment, in asserts. */
function count(tap) {
  const closing = tap.split('\n').findLast((line) => line.startsWith('# { '))
  const found = Object.fromEntries(
    (closing ?? '')
      .slice(4, -2)
      .split(', ')
      .map((pair) => pair.split(': ')),
  )
  const of = (key) => Number(found[key] ?? 0)
  return { passed: of('pass'), failed: of('fail'), skipped: of('skip') + of('todo') }
}
