// Mutants that no wrapper of the disk can make: the built files are copied, one line of the journal is replaced in the copy, and the
// explorer there runs on it.

import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { firstViolation } from './power-fail.js'

export interface Patch {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** It takes more loads than a unit test has time for. */
  readonly isRare?: boolean
}

const BUILD = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export const PATCHES: readonly Patch[] = [
  {
    name: 'what survived an unclean stop is believed without being written anew',
    file: 'opening.js',
    from: 'if (isWhole && (isSworn || isEmpty)) {',
    to: 'if (isWhole) {',
    isRare: true,
  },
  {
    name: 'a clean cursor is believed whatever the files hold',
    file: 'opening.js',
    from: 'const isSworn = slot?.isClean === true &&',
    to: 'const isSworn = slot?.isClean === true ||',
  },
  {
    name: 'a torn tail is taken for damage',
    file: 'segment-scan.js',
    from: 'if (suspect.at >= sworn)',
    to: 'if (suspect.at >= sworn + 1e9)',
  },
  {
    name: 'lines are not compared with their header',
    file: 'segment-walk.js',
    from: 'return hasLines(block, lines) ?',
    to: 'return hasLines(block, lines) || lines.length >= 0 ?',
  },
  {
    name: 'a new segment claims all that was written of a poisoned one',
    file: 'journal-writer.js',
    from: "this.#state = { kind: 'poisoned', extent };\n        yield* perform",
    to: "this.#state = { kind: 'poisoned', extent: end };\n        yield* perform",
    isRare: true,
  },
  {
    name: 'the current log stays what it was before a stop',
    file: 'journal.js',
    from: 'yield* pointTo(opened.extent.segment, options.currentLog);',
    to: '',
  },
]

/** The explorer on a copy with that mistake. */
export async function patchedExplorer(dir: string, patch: Patch): Promise<typeof firstViolation> {
  const filter = (path: string): boolean => !path.endsWith('.map') && !path.endsWith('.d.ts')
  for (const part of ['src/journal', 'src/protocol', 'test/journal', 'test/protocol'])
    cpSync(join(BUILD, part), join(dir, part), { recursive: true, filter })
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(process.cwd(), 'node_modules'), join(dir, 'node_modules'))
  const file = join(dir, 'src/journal', patch.file)
  const text = readFileSync(file, 'utf8')
  if (text.split(patch.from).length !== 2) throw new Error(`${patch.file} has not exactly one '${patch.from}'`)
  writeFileSync(file, text.replace(patch.from, patch.to))
  const copy: unknown = await import(pathToFileURL(join(dir, 'test/journal/power-fail.js')).href)
  if (!isExplorer(copy)) throw new Error('the copy has no explorer')
  return copy.firstViolation
}

function isExplorer(module: unknown): module is { readonly firstViolation: typeof firstViolation } {
  return (
    typeof module === 'object' &&
    module !== null &&
    'firstViolation' in module &&
    typeof module.firstViolation === 'function'
  )
}
