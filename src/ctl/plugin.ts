import { failureAsJson, failureAsText } from './change-report.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import type { Host } from './host.js'
import { pluginNew } from './plugin-new.js'
import { pluginTest } from './plugin-test.js'
import { usage } from './verb-options.js'

const VERB = 'plugin'

const HELP = `usage: audispctl plugin test [option ...] -- PROGRAM [argument ...]
       audispctl plugin new NAME --lang LANGUAGE [option ...]

For authors of plugins.

  test  hold a plugin against its contract
  new   write a plugin that passes, to begin with

Options: audispctl plugin test --help, audispctl plugin new --help
See audispctl(8).
`

/** The verbs for authors of plugins. */
export async function plugin([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  switch (name) {
    case 'test':
      return named('plugin test', () => pluginTest(args, host), optionsOf(args), host)
    case 'new':
      return named('plugin new', () => pluginNew(args, host), optionsOf(args), host)
    case '--help':
    case '-h':
      host.out(HELP)
      return 0
    default:
      throw usage(VERB, name === '' ? 'test or new is missing' : `there is no 'plugin ${name}'`)
  }
}

/** A failure has the same name for the verb as a success. */
async function named(
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

/** What stands behind -- is the plugin's. */
function optionsOf(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return end === -1 ? args : args.slice(0, end)
}
