import type { Host } from './host.js'
import { namedVerb, optionsBefore } from './named-verb.js'
import { REMOTE_EXPORT_OPTIONS, remoteExport } from './remote-export.js'
import { REMOTE_REPAIR_OPTIONS, remoteRepair } from './remote-repair.js'
import { REMOTE_STATUS_OPTIONS, remoteStatus } from './remote-status.js'
import { REMOTE_VERIFY_OPTIONS, remoteVerify } from './remote-verify.js'
import { usage } from './verb-options.js'

const VERB = 'remote'

interface RemoteVerb {
  readonly summary: string
  readonly run: (args: readonly string[], host: Host) => Promise<number>
}

const VERBS: ReadonlyMap<string, RemoteVerb> = new Map([
  ['status', { summary: 'how far each stream has come, and what is wrong', run: remoteStatus }],
  ['verify', { summary: 'read a journal again: what is missing, repeated or changed', run: remoteVerify }],
  ['export', { summary: 'print the records of a journal', run: remoteExport }],
  ['repair', { summary: 'what the next start would do to a journal', run: remoteRepair }],
])

export const REMOTE_VERBS = {
  status: REMOTE_STATUS_OPTIONS,
  verify: REMOTE_VERIFY_OPTIONS,
  export: REMOTE_EXPORT_OPTIONS,
  repair: REMOTE_REPAIR_OPTIONS,
}

/** The verbs about remote-send and remote-recv. */
export async function remote([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  if (name === '--help' || name === '-h') {
    host.out(helpText())
    return 0
  }
  const verb = VERBS.get(name)
  if (verb === undefined) {
    const names = [...VERBS.keys()].join(', ')
    throw usage(VERB, name === '' ? `a verb is missing: ${names}` : `there is no 'remote ${name}', but ${names}`)
  }
  return namedVerb(`${VERB} ${name}`, () => verb.run(args, host), optionsBefore(args), host)
}

function helpText(): string {
  const verbs = [...VERBS].map(([name, { summary }]) => `  ${name.padEnd(6)}  ${summary}\n`)
  return `usage: audispctl ${VERB} VERB [option ...] [DIR ...]

For those who carry records to another machine, or take those of others.

${verbs.join('')}
Options: audispctl ${VERB} VERB --help
See audispctl(8).
`
}
