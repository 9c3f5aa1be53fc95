// What the simulator is worth: copies of the built programs with one rule broken in each. It has to notice every one within some seeds.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BUILD = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const MOST_SEEDS = 60

interface Mutant {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'the collector acknowledges before its commit',
    file: 'plugins/remote-recv/receiver-shell.js',
    from: 'this.#host.intake.whenDurable(() => {',
    to: 'queueMicrotask(() => {',
  },
  {
    name: 'a commit does not wait for the disk',
    file: 'src/journal/journal-writer.js',
    from: ", { kind: 'sync', file: logName(segment) }, { kind: 'sync', file: idxName(segment) });",
    to: ');',
  },
  {
    name: 'the chain of a WELCOME is not compared',
    file: 'src/remote/sender-handshake.js',
    from: 'if (own === last.chain)',
    to: 'if (own !== null)',
  },
  {
    name: 'a fork begins at the beginning of its stream',
    file: 'src/remote/sender-search.js',
    from: 'return base === undefined ? fork(searching, low)',
    to: 'return base === undefined ? fork(searching, searching.timeline.start)',
  },
  {
    name: 'the spool is freed as far as it is durable',
    file: 'plugins/remote-send/keeping.js',
    from: 'journal.acked.seq, this.#calendar.nowMs(journal.streams)',
    to: 'journal.durablePosition, this.#calendar.nowMs(journal.streams)',
  },
  {
    name: 'the spool does not say from where to go on',
    file: 'plugins/remote-send/spool.js',
    from: 'return this.#ackedSeq === 0 ? undefined : this.#ackedSeq + 1;',
    to: 'return undefined;',
  },
  {
    name: 'the hand-over begins behind what is durable',
    file: 'plugins/remote-recv/hand-over.js',
    from: 'this.#settled = Math.min(acked.seq, durablePosition);',
    to: 'this.#settled = durablePosition;',
  },
]

/** Must not be noticed, or it is the simulator that is broken. */
const NONE: Mutant = { name: 'none', file: 'src/version.js', from: '', to: '' }

let failed = 0
const control = runOn(NONE, 3)
if (control !== undefined) {
  failed++
  process.stdout.write(`not ok - nothing is broken: ${control}\n`)
}
for (const mutant of MUTANTS) {
  const caught = runOn(mutant, MOST_SEEDS)
  if (caught === undefined) failed++
  process.stdout.write(`${caught === undefined ? 'not ok' : 'ok'} - ${mutant.name}: ${caught ?? 'not noticed'}\n`)
}
process.stdout.write(`${MUTANTS.length + 1 - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

/** What the simulator says of it; undefined if it has nothing to say. */
function runOn({ file, from, to }: Mutant, seeds: number): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-mutant-'))
  try {
    const filter = (path: string): boolean => !path.endsWith('.map') && !path.endsWith('.d.ts')
    for (const part of ['src', 'plugins', 'test/models', 'test/journal', 'test/protocol'])
      cpSync(join(BUILD, part), join(dir, part), { recursive: true, filter })
    writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
    symlinkSync(join(process.cwd(), 'node_modules'), join(dir, 'node_modules'))
    const text = readFileSync(join(dir, file), 'utf8')
    if (from !== '' && text.split(from).length !== 2) throw new Error(`${file} has not exactly one '${from}'`)
    if (from !== '') writeFileSync(join(dir, file), text.replace(from, to))
    const program = join(dir, 'test/models/simulator.model.js')
    const { stdout } = spawnSync(process.execPath, [program, '--stop', '--seeds', String(seeds)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    const seed = /^not ok - (seed \d+)/m.exec(stdout)?.[1]
    return seed === undefined ? undefined : `${seed}, ${/^ {2}at .*$/m.exec(stdout)?.[0].trim() ?? ''}`
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
