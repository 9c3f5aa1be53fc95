// Runs the model programs, build/test/models/*.model.js, one after the other: the long explorations that `npm test` has a small
// share of. Each says what it found and closes with `N passed, N failed`; so does this. Usage: models.mjs [part of a name ...]
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'

const DIR = 'build/test/models'
const ENDING = '.model.js'
const TALLY = /(\d+) passed, (\d+) failed\s*$/

const wanted = process.argv.slice(2)
const programs = readdirSync(DIR)
  .filter((name) => name.endsWith(ENDING) && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .toSorted()
const tally = { passed: 0, failed: 0 }
const seconds = []
for (const program of programs) {
  process.stdout.write(`== ${program}\n`)
  const began = performance.now()
  const { text, status } = await run(`${DIR}/${program}`)
  const [, passed = 0, failed = 0] = TALLY.exec(text)?.map(Number) ?? []
  tally.passed += passed
  // A program that dies, or says nothing of itself, has failed whatever it counted before.
  tally.failed += status === 0 ? failed : Math.max(failed, 1)
  if (status === 0 && passed === 0) tally.failed++
  seconds.push([program, Math.round((performance.now() - began) / 1000)])
}
for (const [program, took] of seconds) process.stdout.write(`${String(took).padStart(5)} s  ${program}\n`)
mkdirSync('.tap', { recursive: true })
writeFileSync('.tap/models.tally.json', JSON.stringify(tally))
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`)
process.exit(tally.passed > 0 && tally.failed === 0 ? 0 : 1)

/** What it prints is shown at once; only its last line is kept. */
function run(program) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      process.stdout.write(piece)
      text = (text + piece).slice(-200)
    })
    child.once('close', (status) => {
      resolve({ text, status })
    })
  })
}
