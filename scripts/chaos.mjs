// Runs the chaos suite: real programs, killed, cut off, filled up, set back. Usage: chaos.mjs [--kills N] [--seed N] [case ...]
//
// Each case is a program of its own in build/test/chaos that prints TAP; what it did stands in its comments. One at a time, as they
// are about moments. Closes with the tally, `N passed, N failed`.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const DIR = 'build/test/chaos'
const SUFFIX = '.chaos.js'

const { values, positionals } = parseArgs({
  options: { kills: { type: 'string', default: '' }, seed: { type: 'string', default: '' } },
  allowPositionals: true,
})
const names = readdirSync(DIR)
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
const unknown = positionals.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`chaos.mjs: no case '${unknown[0]}'; there are ${names.join(', ')}\n`)
  process.exit(64)
}

const began = Date.now()
const tally = { passed: 0, failed: 0, skipped: 0 }
for (const name of positionals.length > 0 ? positionals : names) await run(name)
if (!existsSync('.tap')) mkdirSync('.tap')
writeFileSync('.tap/chaos.tally.json', JSON.stringify(tally))
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
process.stdout.write(`chaos took ${seconds(began)} s\n`)
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed${skipped}\n`)
process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1)

/** Its asserts are counted; all but those that are well is shown. */
async function run(name) {
  const start = Date.now()
  const before = { ...tally }
  const env = { ...process.env, CHAOS_KILLS: values.kills, CHAOS_SEED: values.seed }
  const child = spawn(process.execPath, [`${DIR}/${name}${SUFFIX}`], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const ended = new Promise((done) => child.once('close', (code, signal) => done({ code, signal })))
  for await (const line of createInterface({ input: child.stdout })) {
    const [, isBad, skip] = /^ +(not )?ok \d+(?:.*? # (SKIP).*)?/.exec(line) ?? []
    if (/^ +ok \d/.test(line)) tally[skip === undefined ? 'passed' : 'skipped']++
    else if (isBad !== undefined) tally.failed++
    if (/^ *# (?!Subtest|time=|\{)/.test(line)) process.stdout.write(`${line.trim().slice(2)}\n`)
    else if (!/^ +ok |^ok |^ *# |^ *1\.\.|^TAP |^$/.test(line) || skip !== undefined) process.stdout.write(`${line}\n`)
  }
  const { code, signal } = await ended
  // One that died without a word has failed too.
  if (code !== 0 && tally.failed === before.failed) tally.failed++
  const how = code === 0 ? '' : `, ended with ${code ?? signal}`
  process.stdout.write(`${name}: ${tally.passed - before.passed} passed, ${seconds(start)} s${how}\n`)
}

function seconds(since) {
  return Math.round((Date.now() - since) / 1000)
}
