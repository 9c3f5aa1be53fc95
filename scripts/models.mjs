// Runs the model programs, build/test/models/*.model.js, as many at a time as there are cores: the long explorations that `npm test`
// has a small share of. Each says what it found and closes with `N passed, N failed`; so does this. What one prints is shown when it
// is done. Usage: models.mjs [part of a name ...]
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const DIR = 'build/test/models'
const ENDING = '.model.js'
/** A long one begun last would run alone. */
const LONGEST_FIRST = ['power-fail.model.js', 'explorer.model.js', 'explorer-mutants.model.js', 'simulator.model.js']
const TALLY = /(\d+) passed, (\d+) failed\s*$/

const wanted = process.argv.slice(2)
const programs = readdirSync(DIR)
  .filter((name) => name.endsWith(ENDING) && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .toSorted()
const tally = { passed: 0, failed: 0 }
const seconds = []
const waiting = LONGEST_FIRST.filter((name) => programs.includes(name))
waiting.push(...programs.filter((name) => !waiting.includes(name)))
await Promise.all(Array.from({ length: availableParallelism() }, work))
for (const [program, took] of seconds) process.stdout.write(`${String(took).padStart(5)} s  ${program}\n`)
mkdirSync('.tap', { recursive: true })
writeFileSync('.tap/models.tally.json', JSON.stringify(tally))
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`)
process.exit(tally.passed > 0 && tally.failed === 0 ? 0 : 1)

async function work() {
  for (let program = waiting.shift(); program !== undefined; program = waiting.shift()) {
    const began = performance.now()
    const { text, status } = await run(`${DIR}/${program}`)
    process.stdout.write(`== ${program}\n${text}`)
    const [, passed = 0, failed = 0] = TALLY.exec(text)?.map(Number) ?? []
    tally.passed += passed
    // A program that dies, or says nothing of itself, has failed whatever it counted before.
    tally.failed += status === 0 ? failed : Math.max(failed, 1)
    if (status === 0 && passed === 0) tally.failed++
    seconds.push([program, Math.round((performance.now() - began) / 1000)])
  }
}

function run(program) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece) => (text += piece))
    child.once('close', (status) => resolve({ text, status }))
  })
}
