// Which programs stand at the two ends of a stream: producer.c and reader.c, compiled at each start, or their likes in
// TypeScript where there is no compiler.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const COMPILER = 'cc'
/** What the fast ones are called in the report. */
export const FAST = 'C'

export type Command = readonly [program: string, ...args: string[]]

export interface Programs {
  readonly producer: Command
  readonly reader: Command
  /** Which they are, and if they are not the fast ones, why. */
  readonly description: string
}

/** Compiles into `dir`. */
export function findPrograms(dir: string): Programs {
  try {
    return { producer: [compile('producer', dir)], reader: [compile('reader', dir)], description: FAST }
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    const description = `Node, as C cannot be compiled (${reason}): it limits what is written one record a time`
    return {
      producer: [process.execPath, builtFile('producer')],
      reader: [process.execPath, builtFile('reader')],
      description,
    }
  }
}

function compile(name: string, dir: string): string {
  const source = fileURLToPath(new URL(`../../bench/${name}.c`, import.meta.url))
  const program = join(dir, name)
  execFileSync(COMPILER, ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  return program
}

function builtFile(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url))
}
