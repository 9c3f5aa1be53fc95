import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Host } from './host.js'
import { orUsage, usage } from './verb-options.js'
import { VERBS, type VerbOptions, type VerbProgram } from './verbs.js'

const VERB = 'completion'
/** What reads the tables. */
const SCRIPT = new URL('../../../share/completion/audispctl.bash', import.meta.url)
/** Words, options and names of verbs are of these; nothing else goes into a program of the shell. */
const HARMLESS = /^[A-Za-z0-9@-]+$/

const HELP = `usage: audispctl ${VERB} bash

Prints what lets bash complete verbs, options and the names of plugins. For this shell, or for all:

  . <(audispctl ${VERB} bash)
  audispctl ${VERB} bash > /usr/share/bash-completion/completions/audispctl

See audispctl(8).
`

export const OPTIONS = { help: { type: 'boolean', short: 'h', default: false } } as const

/** What can stand behind one verb, or behind the two words of one. */
interface Row {
  readonly key: string
  readonly options: readonly string[]
  /** The options that have a value. */
  readonly values: readonly string[]
  /** `@plugin`, `@file`, or the words themselves. */
  readonly words: readonly string[]
}

/** Prints the completion of a shell. */
export async function completion(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  if (positionals.join(' ') !== 'bash') throw usage(VERB, 'the shell is missing, or is another one than bash')
  const rows: Row[] = []
  for (const [name, { load }] of VERBS) rows.push(...rowsOf(name, await load()))
  host.out(
    [
      `_audispctl_verbs='${[...VERBS.keys()].map(harmless).join(' ')}'`,
      tableOf('options', rows, ({ options }) => options),
      tableOf('values', rows, (row) => row.values),
      tableOf('words', rows, ({ words }) => words),
      await readFile(SCRIPT, 'utf8'),
    ].join('\n'),
  )
  return 0
}

function rowsOf(name: string, { options = {}, words, verbs }: VerbProgram): Row[] {
  const behind = words === undefined ? [] : typeof words === 'string' ? [`@${words}`] : words
  if (verbs === undefined) return [rowOf(name, options, behind)]
  return [
    rowOf(name, { help: { type: 'boolean', short: 'h' } }, Object.keys(verbs)),
    ...Object.entries(verbs).map(([second, own]) => rowOf(`${name} ${second}`, own, behind)),
  ]
}

function rowOf(key: string, options: VerbOptions, words: readonly string[]): Row {
  const all = Object.entries<VerbOptions[string]>({ ...options, help: { type: 'boolean', short: 'h' } })
  const spelled = (option: (typeof all)[number]): string[] => {
    const [name, { short }] = option
    return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`]
  }
  return {
    key,
    options: all.flatMap(spelled),
    values: all.filter(([, { type }]) => type === 'string').flatMap(spelled),
    words,
  }
}

function tableOf(name: string, rows: readonly Row[], cellsOf: (row: Row) => readonly string[]): string {
  const filled = rows.filter((row) => cellsOf(row).length > 0)
  const lines = filled.map((row) => {
    const key = row.key.split(' ').map(harmless).join(' ')
    return `  ['${key}']='${cellsOf(row).map(harmless).join(' ')}'\n`
  })
  return `declare -gA _audispctl_${name}=(\n${lines.join('')})`
}

function harmless(word: string): string {
  if (HARMLESS.test(word)) return word
  throw new Error(`'${word}' in the table of verbs is no word for a shell`)
}
