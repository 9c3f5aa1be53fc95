import { parseArgs } from 'node:util'
import { DEFAULT_FILE, type Command } from './config.js'

/** Where the rules come from that are tried out. */
export type RuleSource =
  | { readonly kind: 'config'; readonly file: string }
  | { readonly kind: 'rules'; readonly file: string }

export type Options =
  | { readonly verb: 'help' | 'version' }
  | { readonly verb: 'run'; readonly file: string }
  | { readonly verb: 'check'; readonly file: string }
  | { readonly verb: 'status'; readonly file: string; readonly json: boolean }
  | { readonly verb: 'test'; readonly source: RuleSource; readonly files: readonly string[]; readonly json: boolean }
  | {
      readonly verb: 'explain'
      readonly source: RuleSource
      readonly event: string
      readonly files: readonly string[]
      readonly json: boolean
    }
  /** As audisp-filter is called. */
  | {
      readonly verb: 'allowlist' | 'blocklist'
      readonly rules: string
      readonly child: Command
    }

/** Throws an Error with what is wrong in words. */
export function readOptions(args: readonly string[]): Options {
  const word = args[0]?.toLowerCase()
  // The rest of the line is the child's, options too.
  if (word === 'allowlist' || word === 'blocklist') return readTheirs(word, args.slice(1))
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      rules: { type: 'string', short: 'r' },
      check: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  if (values.help || values.version) return { verb: values.help ? 'help' : 'version' }
  const [first, ...rest] = positionals
  const { json } = values
  if (values.check || (first !== 'test' && first !== 'explain')) {
    if (values.rules !== undefined) throw new Error('--rules goes with test and explain')
    const files = [
      ...(values.config === undefined ? [] : [values.config]),
      ...(first === 'status' ? rest : positionals),
    ]
    if (files.length > 1) throw new Error(`'${files[1]}' is one file too many`)
    const file = files[0] ?? DEFAULT_FILE
    if (values.check) return { verb: 'check', file }
    if (first === 'status') return { verb: 'status', file, json }
    if (json) throw new Error('--json goes with test, explain and status')
    return { verb: 'run', file }
  }
  if (values.rules !== undefined && values.config !== undefined)
    throw new Error('--rules and --config do not go together')
  const source: RuleSource =
    values.rules === undefined
      ? { kind: 'config', file: values.config ?? DEFAULT_FILE }
      : { kind: 'rules', file: values.rules }
  const [event, ...files] = first === 'test' ? ['', ...rest] : rest
  if (files.length === 0)
    throw new Error(`${first} needs ${first === 'test' ? '' : 'an event and '}a file; - is standard input`)
  if (first === 'test') return { verb: 'test', source, files, json }
  return { verb: 'explain', source, event: event ?? '', files, json }
}

function readTheirs(verb: 'allowlist' | 'blocklist', [rules, program, ...args]: readonly string[]): Options {
  if (rules === undefined || program === undefined) throw new Error(`${verb} needs a rule file and a program`)
  if (!program.startsWith('/')) throw new Error(`'${program}' is not an absolute path, and there is no PATH`)
  return { verb, rules, child: { program, args } }
}
