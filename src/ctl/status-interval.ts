import { usage } from './verb-options.js'

const DEFAULT_SECONDS = 2
const MIN_SECONDS = 0.1
const MAX_SECONDS = 3600
const SECONDS = /^\d+(?:\.\d+)?$/
const WATCH = /^(?:--watch|-w)$/

/** `--watch 5` and `--watch=5` as parseArgs takes them, to which an option has a value or has none. */
export function withInterval(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  const options = end === -1 ? args : args.slice(0, end)
  const taken = options.flatMap((arg, at) => {
    if (arg.startsWith('--watch=')) return ['--watch', `--interval=${arg.slice('--watch='.length)}`]
    return WATCH.test(options[at - 1] ?? '') && SECONDS.test(arg) ? [`--interval=${arg}`] : [arg]
  })
  return [...taken, ...args.slice(options.length)]
}

/** How long to wait between two looks. */
export function readInterval(verb: string, text: string | undefined): number {
  const seconds = text === undefined ? DEFAULT_SECONDS : Number(text)
  if ((text === undefined || SECONDS.test(text)) && seconds >= MIN_SECONDS && seconds <= MAX_SECONDS)
    return seconds * 1000
  throw usage(verb, `--watch takes ${MIN_SECONDS} to ${MAX_SECONDS} seconds, not '${text}'`)
}
