// Runs one suite of built tests and closes with its tally, `N passed, N failed`. Usage: test.mjs unit|live [tap arguments]
//
// tap keeps its plugin set compiled inside node_modules, so a fresh install has to build it once before the first run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'

const SUITES = { unit: 'build/test', live: 'build/test/live' }
// One file at a time: only one auditd can hold the kernel's audit.
const OPTIONS = { unit: [], live: ['--jobs=1', '--timeout=240'] }
const TAP = 'node_modules/.bin/tap'

const [suite = 'unit', ...rest] = process.argv.slice(2)
if (!(suite in SUITES)) {
  process.stderr.write(`test.mjs: no suite '${suite}'; there are ${Object.keys(SUITES).join(', ')}\n`)
  process.exit(64)
}

buildTapOnce()
mkdirSync('.tap', { recursive: true })
const output = `.tap/${suite}.tap`
const files = rest.some((arg) => arg.endsWith('.test.js')) ? [] : testFiles(SUITES[suite])
const began = Date.now()
const run = spawnSync(TAP, ['-R', 'terse', `--output-file=${output}`, ...OPTIONS[suite], ...rest, ...files], {
  stdio: 'inherit',
})
const written = readFileSync(output, 'utf8')
const tally = count(written)
writeFileSync(`.tap/${suite}.tally.json`, JSON.stringify(tally))
for (const [, test, why] of written.matchAll(/^ *ok [0-9]+ - (.*) # SKIP ?(.*)$/gm)) {
  process.stdout.write(`skipped: ${test}: ${why || 'no reason given'}\n`)
}
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
process.stdout.write(`${suite} tests took ${Math.round((Date.now() - began) / 1000)} s\n`)
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed${skipped}\n`)
process.exit(run.status === 0 && tally.passed > 0 && tally.failed === 0 ? 0 : 1)

function testFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = `${dir}/${entry.name}`
    if (entry.isDirectory()) return path === SUITES.live ? [] : testFiles(path)
    return entry.name.endsWith('.test.js') ? [path] : []
  })
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
