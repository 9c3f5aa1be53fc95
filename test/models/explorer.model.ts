// The explorer on the real cores, under every budget of faults; then on each of them with a mistake.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explore, type Task } from './explorer.js'
import { MUTANTS, patchedExplorer, type Mutant } from './explorer-mutants.js'
import { sayAll, type Case } from './say.js'

const TASKS: readonly Task[] = [
  { contents: 3, faults: { crashS: 1, crashR: 1, cut: 2 } },
  { contents: 4, faults: { crashS: 1, crashR: 1, cut: 1 } },
  { contents: 3, faults: { crashS: 1, crashR: 1, cut: 1, restR: 1 } },
  { contents: 3, faults: { wipeR: 1, crashR: 1, cut: 1 } },
  { contents: 3, faults: { wipeS: 1, crashR: 1, cut: 1 } },
  { contents: 3, faults: { wipeS: 1, restR: 1, cut: 1 } },
  { contents: 3, faults: { rollS: 1, crashS: 1, cut: 1 } },
  { contents: 3, faults: { rollS: 1, restR: 1, cut: 1 } },
  { contents: 3, faults: { cloneS: 1, cut: 1 } },
  { contents: 2, faults: { cloneS: 1, restR: 1 } },
  // Answers of the disks that come late, also when nobody waits for them any more.
  { contents: 2, faults: { crashS: 1, crashR: 1, cut: 1 }, isSlow: true },
  { contents: 2, faults: { rollS: 1, restR: 1, cut: 1 }, isSlow: true },
  { contents: 2, faults: { wipeS: 1, wipeR: 1, cut: 1 }, isSlow: true },
  { contents: 2, faults: { cloneS: 1 }, isSlow: true },
  { contents: 2, faults: { rollS: 1, restR: 1 }, isSlow: true, isTelling: true },
  { contents: 2, faults: { cloneS: 1, crashR: 1 }, isTelling: true },
]

function nameOf({ contents, faults, isSlow, isTelling }: Task): string {
  const of = Object.entries(faults).map(([fault, count]) => (count === 1 ? fault : `${count} ${fault}`))
  const more = [isSlow === true ? ', slow disks' : '', isTelling === true ? ', credit told at any moment' : '']
  return `${contents} blocks, ${of.join(' + ')}${more.join('')}`
}

function wellCase(task: Task): Case {
  const check = (): void => {
    const { states, fault, trace } = explore({ ...task, isJust: true })
    assert.equal(fault, undefined, `${String(fault)}: ${trace.join(', ')}`)
    process.stdout.write(`# ${states} worlds: ${nameOf(task)}\n`)
  }
  return [nameOf(task), check]
}

function mutantCase({ name, patches, tasks, verdict }: Mutant): Case {
  const expected = 'fault' in verdict ? `${verdict.fault} in ${verdict.steps} steps` : `nothing: ${verdict.coveredBy}`
  const check = async (): Promise<void> => {
    const dir = mkdtempSync(join(tmpdir(), 'audispd-mutant-'))
    try {
      const mutated = await patchedExplorer(dir, patches)
      const found = tasks.map((task) => mutated(task)).find(({ fault }) => fault !== undefined)
      const came = found === undefined ? undefined : `${found.fault?.slice(0, 2)} in ${found.trace.length} steps`
      assert.equal(came, 'fault' in verdict ? expected : undefined, found?.trace.join(', '))
    } finally {
      rmSync(dir, { recursive: true })
    }
  }
  return [`broken: ${name}: finds ${expected}`, check]
}

await sayAll([...TASKS.map(wellCase), ...MUTANTS.map(mutantCase)])
