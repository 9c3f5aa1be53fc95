import type { Host } from './host.js'
import { namedVerb, optionsBefore } from './named-verb.js'
import { PLUGIN_NEW_OPTIONS, pluginNew } from './plugin-new.js'
import { PLUGIN_TEST_OPTIONS, pluginTest } from './plugin-test.js'
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

export const PLUGIN_VERBS = { test: PLUGIN_TEST_OPTIONS, new: PLUGIN_NEW_OPTIONS }

/** The verbs for authors of plugins. */
export async function plugin([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  switch (name) {
    case 'test':
      return namedVerb('plugin test', () => pluginTest(args, host), optionsBefore(args), host)
    case 'new':
      return namedVerb('plugin new', () => pluginNew(args, host), optionsBefore(args), host)
    case '--help':
    case '-h':
      host.out(HELP)
      return 0
    default:
      throw usage(VERB, name === '' ? 'test or new is missing' : `there is no 'plugin ${name}'`)
  }
}
