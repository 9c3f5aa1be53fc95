import type { Host } from './host.js'
import { namedVerb, optionsBefore } from './named-verb.js'
import { remoteStatus } from './remote-status.js'
import { usage } from './verb-options.js'

const VERB = 'remote'

const HELP = `usage: audispctl remote status [option ...] [DIR ...]

For those who carry records to another machine.

  status  how far each stream has come, and what is wrong

Options: audispctl remote VERB --help
See audispctl(8).
`

/** The verbs about remote-send and remote-recv. */
export async function remote([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  switch (name) {
    case 'status':
      return namedVerb('remote status', () => remoteStatus(args, host), optionsBefore(args), host)
    case '--help':
    case '-h':
      host.out(HELP)
      return 0
    default:
      throw usage(VERB, name === '' ? 'status is missing' : `there is no 'remote ${name}'`)
  }
}
