// Runs the cases of a suite, one at a time, each a program of its own that prints TAP. Their asserts are counted, and all but those that
// are well is shown, as is what a case says in comments.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** `asked` are names of cases; none are all. Closes with the tally, `N passed, N failed`, and the exit status. */
export async function runCases({ suite, asked, env = {} }) {
  const dir = `build/test/${suite}`
  const ending = `.${suite}.js`
  const names = readdirSync(dir).flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []))
  const unknown = asked.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    process.stderr.write(`${suite}.mjs: no case '${unknown}'; there are ${names.join(', ')}\n`)
    return 64
  }
  const began = Date.now()
  const tally = { passed: 0, failed: 0, skipped: 0 }
  for (const name of asked.length > 0 ? asked : names) await run(name, `${dir}/${name}${ending}`, env, tally)
  mkdirSync('.tap', { recursive: true })
  writeFileSync(`.tap/${suite}.tally.json`, JSON.stringify(tally))
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
  process.stdout.write(`${suite} took ${seconds(began)} s\n`)
  process.stdout.write(`${tally.passed} passed, ${tally.failed} failed${skipped}\n`)
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1
}

async function run(name, program, env, tally) {
  const start = Date.now()
  const before = { ...tally }
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
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
