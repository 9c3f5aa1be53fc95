import { parseArgs } from 'node:util'

export const INPUTS = ['auto', 'none', 'exact', 'padded', 'text'] as const

export const USAGE = `Usage: audispd [-c DIR] [--only NAME...] [--input KIND] [--run-dir DIR] [--replay]
       audispd [-c DIR] --check | --dry-run [--json]

Reads audit records from standard input, as auditd writes them, and gives them to every plugin.

  -c, --config-dir DIR  configuration directory (default /etc/audispd)
      --only NAME...    run these drop-ins, whatever their 'active' says, and no others
      --input KIND      ${INPUTS.join(', ')} (default auto: told apart by what comes)
      --run-dir DIR     where running daemons keep their state (default /run/audispd for root)
      --replay          the records are recorded ones: hold them until every plugin has room, add none of our own
      --check           read and check the whole configuration, start nothing
      --dry-run         say what a reload of the running daemon would do, do nothing
      --json            with --check and --dry-run: for programs
      --jitless         first of all, to the launcher alone: run Node without its compiler (under auditd this is so anyway)
  -h, --help            this text
      --version         the version

Signals: HUP reloads, TERM and INT end (a second one at once), USR1 writes the ledger to the log, USR2 resumes suspended queues.
Exit status: 0 done, 64 usage, 65 unreadable input, 70 bug, 71 system call, 78 configuration.
See audispd(8).
`

export interface Options {
  readonly verb: 'run' | 'check' | 'dry-run' | 'help' | 'version'
  readonly configDir: string | undefined
  readonly only: readonly string[] | undefined
  readonly input: (typeof INPUTS)[number]
  readonly runDir: string | undefined
  /** The records are recorded ones. */
  readonly replay: boolean
  readonly json: boolean
}

/** Throws an Error with what is wrong in words. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'config-dir': { type: 'string', short: 'c' },
      only: { type: 'string', multiple: true },
      input: { type: 'string', default: 'auto' },
      'run-dir': { type: 'string' },
      replay: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  const names = [...(values.only ?? []), ...positionals]
    .flatMap((word) => word.split(','))
    .filter((name) => name !== '')
  if (values.only === undefined && positionals.length > 0) throw new Error(`unexpected argument '${positionals[0]}'`)
  const input = INPUTS.find((kind) => kind === values.input)
  if (input === undefined) throw new Error(`--input takes ${INPUTS.join(', ')}, not '${values.input}'`)
  if (values.check && values['dry-run']) throw new Error('--check and --dry-run do not go together')
  return {
    verb: verbOf(values),
    configDir: values['config-dir'],
    only: values.only === undefined ? undefined : names,
    input,
    runDir: values['run-dir'],
    replay: values.replay,
    json: values.json,
  }
}

function verbOf(values: { help: boolean; version: boolean; check: boolean; 'dry-run': boolean }): Options['verb'] {
  if (values.help) return 'help'
  if (values.version) return 'version'
  if (values.check) return 'check'
  return values['dry-run'] ? 'dry-run' : 'run'
}
