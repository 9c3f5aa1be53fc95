// How the cases of the chaos suite are asked for, and how they report: each a test of its own, by a seed that it prints.

import { Random } from '../protocol/random.js'
import t, { type Test } from 'tap'
import type { Fleet } from './fleet.js'

/** A case gets its own random numbers: the same in each run, whatever other cases there are. */
export function chaos(
  name: string,
  run: (sub: Test, random: Random) => Promise<void>,
  /** What is missing here for it. */
  skip: string | false = false,
): void {
  const seed = numberFrom('CHAOS_SEED', 1)
  // One case by a part of its name.
  if (!name.includes(process.env['CHAOS_CASE'] ?? '')) return
  // Each wait has its own deadline.
  t.setTimeout(0)
  void t.test(name, { timeout: 0, skip }, async (sub) => {
    sub.comment(`${name}: CHAOS_SEED=${seed}`)
    await run(sub, new Random(Buffer.from(name).reduce((sum, byte) => Math.imul(sum, 31) + byte, seed)))
  })
}

export function numberFrom(variable: string, usual: number): number {
  const text = process.env[variable]
  if (text === undefined || text === '') return usual
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new Error(`${variable} is '${text}', not a number`)
  return number
}

/** After all that was done to it: everything arrives, and the oracle finds nothing. */
export async function restWell(sub: Test, fleet: Fleet): Promise<Awaited<ReturnType<Fleet['judge']>>> {
  await fleet.rest()
  const verdict = await fleet.judge()
  sub.same(verdict.violations, [], 'each record once and in order, or under an exact entry')
  const { records, streams, holes, losses, covered, repeats } = verdict
  sub.comment(
    `records=${records} obliged=${fleet.oracle.obligations} streams=${streams} holes=${holes} losses=${losses} covered=${covered} repeated-to-consumer=${repeats}`,
  )
  return verdict
}
