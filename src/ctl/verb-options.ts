import { resolve } from 'node:path'
import type { ParseArgsConfig } from 'node:util'
import { CtlError, systemReason } from './ctl-error.js'

const DEFAULT_AUDITD_CONF = '/etc/audit/auditd.conf'

/** What install and uninstall both understand. */
export const CHANGE_OPTIONS = {
  'auditd-conf': { type: 'string', default: DEFAULT_AUDITD_CONF },
  root: { type: 'string', default: '/' },
  reload: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', short: 'y', default: false },
  force: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

interface ChangeValues {
  readonly 'auditd-conf': string
  readonly root: string
  readonly reload: boolean
  readonly 'dry-run': boolean
  readonly yes: boolean
  readonly force: boolean
  readonly json: boolean
}

/** Where the changes are to be made, and how. */
export interface ChangeOptions {
  readonly verb: string
  /** As seen from inside the root. */
  readonly auditdConf: string
  readonly root: string
  readonly reload: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly force: boolean
  readonly json: boolean
}

/** Runs a parser of arguments; what it refuses becomes a usage error that names the verb's help. */
export function orUsage<Values>(verb: string, parse: () => Values): Values {
  try {
    return parse()
  } catch (error) {
    throw usage(verb, systemReason(error), error)
  }
}

/** The options that only make sense together, or apart. */
export function changeOptions(verb: string, values: ChangeValues): ChangeOptions {
  const root = resolve(values.root)
  if (values.reload && root !== '/')
    throw usage(verb, '--reload is for the auditd that runs here, not for one under --root')
  if (values.json && !values.yes && !values['dry-run'])
    throw usage(verb, '--json asks no question: add --yes or --dry-run')
  return {
    verb,
    auditdConf: root === '/' ? resolve(values['auditd-conf']) : resolve('/', values['auditd-conf']),
    root,
    reload: values.reload,
    dryRun: values['dry-run'],
    yes: values.yes,
    force: values.force,
    json: values.json,
  }
}

export function usage(verb: string, message: string, cause?: unknown): CtlError {
  return new CtlError('usage', [{ message, mend: `see: audispctl ${verb} --help` }], { cause })
}
