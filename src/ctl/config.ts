import { CONFIG_SHOW_OPTIONS, configShow } from './config-show.js'
import type { Host } from './host.js'
import { namedVerb, optionsBefore } from './named-verb.js'
import { usage } from './verb-options.js'

const VERB = 'config'

const HELP = `usage: audispctl ${VERB} show [--effective] [PLUGIN] [-c DIR] [--json]

  show  what the configuration says, key by key, and where

Options: audispctl ${VERB} show --help
See audispctl(8).
`

export const CONFIG_VERBS = { show: CONFIG_SHOW_OPTIONS }

/** The verbs about the configuration; audispctl check says what is wrong with it. */
export async function config([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  switch (name) {
    case 'show':
      return namedVerb(`${VERB} show`, () => configShow(args, host), optionsBefore(args), host)
    case '--help':
    case '-h':
      host.out(HELP)
      return 0
    default:
      throw usage(VERB, name === '' ? 'a verb is missing: show' : `there is no 'config ${name}', but show`)
  }
}
