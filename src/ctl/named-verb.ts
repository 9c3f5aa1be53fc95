import { failureAsJson, failureAsText } from './change-report.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'

/** Runs a verb of two words. A failure has the same name for it as a success. */
export async function namedVerb(
  verb: string,
  run: () => Promise<number>,
  options: readonly string[],
  host: Host,
): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    const exitStatus = EXIT_STATUS[error.code]
    if (options.includes('--json')) host.out(failureAsJson(verb, error, exitStatus))
    else host.warn(failureAsText(`audispctl ${verb}`, error))
    return exitStatus
  }
}

/** What stands behind -- is not for the verb. */
export function optionsBefore(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return end === -1 ? args : args.slice(0, end)
}
