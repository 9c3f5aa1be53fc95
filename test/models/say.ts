// How a program of the models suite says what it found: a line a case as in TAP, and its tally in the last line.

export type Case = readonly [name: string, check: () => void | Promise<void>]

/** Runs the cases one after the other; a case fails by throwing. */
export async function sayAll(cases: readonly Case[]): Promise<void> {
  let failed = 0
  for (const [index, [name, check]] of cases.entries()) {
    try {
      await check()
      process.stdout.write(`ok ${index + 1} - ${name}\n`)
    } catch (error) {
      failed++
      process.stdout.write(`not ok ${index + 1} - ${name}\n`)
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    }
  }
  process.stdout.write(`${cases.length - failed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 && cases.length > 0 ? 0 : 1
}
