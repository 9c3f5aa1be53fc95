import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CtlError, systemCode, systemReason } from './ctl-error.js'
import type { Host } from './host.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'plugin new'
const LANGUAGES = ['ts', 'js', 'sh', 'python'] as const
const DIRECTIONS = ['out', 'in', 'both'] as const
/** Comes with the package, beside build/. */
const SCAFFOLD = resolve(import.meta.dirname, '../../../share/scaffold')
/** What a drop-in, a package and a file may all be named. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/
const NAME_IN_FILES = /^NAME(?=\.)/
const EXECUTABLE = 0o111

const HELP = `usage: audispctl plugin new NAME --lang LANGUAGE [option ...]

Writes a plugin that passes 'audispctl plugin test', with its drop-in and its test.

  --lang LANGUAGE        ${LANGUAGES.join(', ')}
  --direction DIRECTION  ${DIRECTIONS.join(', ')}: does it take records, send them, or both (default out)
  --dir DIR              where to; a directory that is empty or not there, in one that is there (default NAME)

See audispctl(8).
`

export const PLUGIN_NEW_OPTIONS = {
  lang: { type: 'string' },
  direction: { type: 'string', default: 'out' },
  dir: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Writes the beginnings of a plugin. */
export async function pluginNew(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: PLUGIN_NEW_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const [name, ...more] = positionals
  if (name === undefined || more.length > 0) throw usage(VERB, 'one name is needed')
  if (!NAME.test(name))
    throw usage(VERB, `'${name}': a name is 1 to 32 of a-z, 0-9, _ and -, and begins with one of a-z, 0-9`)
  const language = oneOf('lang', LANGUAGES, values.lang)
  const direction = oneOf('direction', DIRECTIONS, values.direction)
  const dir = resolve(values.dir ?? name)
  const layers = [join(language, 'common'), join(language, direction), ...(direction === 'out' ? [] : ['input'])]
  try {
    await refuseToOverwrite(dir)
    for (const layer of layers) {
      for (const path of await writeLayer(join(SCAFFOLD, layer), dir, name, direction)) host.out(`wrote ${path}\n`)
    }
  } catch (error) {
    if (error instanceof CtlError || systemCode(error) === undefined) throw error
    const mend = 'give another directory by --dir'
    throw new CtlError('system', [{ message: `${dir}: ${systemReason(error)}`, mend }], { cause: error })
  }
  host.out(`next: read ${join(dir, 'README')}\n`)
  return 0
}

function oneOf<T extends string>(option: string, words: readonly T[], word: string | undefined): T {
  const found = words.find((each) => each === word)
  if (found !== undefined) return found
  throw usage(
    VERB,
    `--${option} takes ${words.join(', ')}${word === undefined ? ', and is needed' : `, not '${word}'`}`,
  )
}

async function refuseToOverwrite(dir: string): Promise<void> {
  await make(dir)
  const [first] = await readdir(dir)
  if (first === undefined) return
  const mend = 'give a directory that is empty or not there by --dir'
  throw new CtlError('config', [{ message: `${dir} is not empty: it has ${first}`, mend }])
}

/** Its parent has to be there: where nothing can be made, as in /proc, a recursive mkdir() of Node never returns. */
async function make(dir: string): Promise<void> {
  try {
    await mkdir(dir)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT') throw error
    const message = `${dir} cannot be made: ${systemReason(error)}`
    const mend = `make ${dirname(dir)} first, or give another directory by --dir`
    throw new CtlError('system', [{ message, mend }], { cause: error })
  }
}

async function writeLayer(from: string, to: string, name: string, direction: string): Promise<string[]> {
  const written: string[] = []
  for (const template of (await readdir(from)).sort()) {
    const path = join(to, template.replace(NAME_IN_FILES, name))
    const text = await readFile(join(from, template), 'utf8')
    const { mode } = await stat(join(from, template))
    await writeFile(path, text.replaceAll('@NAME@', name).replaceAll('@DIRECTION@', direction), { flag: 'wx' })
    if ((mode & EXECUTABLE) !== 0) await chmod(path, mode)
    written.push(path)
  }
  return written
}
