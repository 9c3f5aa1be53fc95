import { dropInName } from '../dispatcher/drop-in-name.js'
import { usage } from './verb-options.js'

/** The one plugin that a verb is about. A name that none can have goes no further: the daemon is asked in words between blanks. */
export function onePlugin(verb: string, positionals: readonly string[]): string {
  const name = maybeOnePlugin(verb, positionals)
  if (name === undefined) throw usage(verb, 'the name of a plugin is missing; audispctl status shows them')
  return name
}

/** The one plugin, or undefined where all are meant. */
export function maybeOnePlugin(verb: string, [name, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) throw usage(verb, `'${more.join(' ')}' is too much: one plugin at a time`)
  if (name !== undefined && dropInName(`${name}.conf`).kind !== 'drop-in') {
    throw usage(verb, `no plugin can be called '${name}'; it is the drop-in's name without .conf`)
  }
  return name
}
