import type { Host } from './host.js'
import { pluginTest } from './plugin-test.js'
import { usage } from './verb-options.js'

const VERB = 'plugin'

const HELP = `usage: audispctl plugin test [option ...] -- PROGRAM [argument ...]

For authors of plugins.

  test  hold a plugin against its contract

Options: audispctl plugin test --help
See audispctl(8).
`

/** The verbs for authors of plugins. */
export async function plugin([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  switch (name) {
    case 'test':
      return pluginTest(args, host)
    case '--help':
    case '-h':
      host.out(HELP)
      return 0
    default:
      throw usage(VERB, name === '' ? 'test is missing' : `there is no 'plugin ${name}'`)
  }
}
