// audispctl: the operator's tool of audispd, one file a verb.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { didYouMean } from '../config/did-you-mean.js'
import { keepDebuggerShut } from '../no-debugger.js'
import { failureAsJson, failureAsText } from './change-report.js'
import { CtlError, EXIT_STATUS } from './ctl-error.js'
import { realHost, type Host } from './host.js'
import { typedPlace, withTyped } from './typed-place.js'
import { GROUPS, VERBS } from './verbs.js'

const NAME = 'audispctl'
const BUILD_DIR = resolve(import.meta.dirname, '../..')

keepDebuggerShut()
// Not exit(): what is still on its way to standard output has to arrive.
process.exitCode = await main(process.argv.slice(2), realHost())

async function main(argv: readonly string[], host: Host): Promise<number> {
  const [name = '', ...args] = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  if (name === '--help' || name === '-h') {
    host.out(helpText())
    return 0
  }
  if (name === '--version') {
    host.out(`${NAME} ${await ownVersion()}\n`)
    return 0
  }
  const verb = VERBS.get(name)
  if (verb === undefined) {
    const unknown = `there is no verb '${name}'${didYouMean(name, VERBS.keys())}\n  see: ${NAME} --help\n`
    host.warn(`${NAME}: ${name === '' ? `a verb is missing\n${helpText()}` : unknown}`)
    return EXIT_STATUS.usage
  }
  try {
    const { run } = await verb.load()
    return await run(args, host)
  } catch (error) {
    return failed(name, args, error, host)
  }
}

function failed(name: string, args: readonly string[], error: unknown, host: Host): number {
  if (!(error instanceof CtlError)) {
    host.warn(`${NAME} ${name}: a bug, please report it: ${error instanceof Error ? error.stack : String(error)}\n`)
    return EXIT_STATUS.bug
  }
  const exitStatus = EXIT_STATUS[error.code]
  const place = typedPlace(args)
  const problems = error.problems.map((problem) => withTyped(problem, place))
  if (args.includes('--json')) host.out(failureAsJson(name, { problems }, exitStatus))
  else host.warn(failureAsText(`${NAME} ${name}`, { problems }))
  return exitStatus
}

function helpText(): string {
  const groups = Object.entries(GROUPS).map(([group, heading]) => {
    const verbs = [...VERBS].filter(([, verb]) => verb.group === group)
    return `${heading}:\n${verbs.map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}\n`).join('')}\n`
  })
  return `usage: ${NAME} verb [option ...]\n\n${groups.join('')}Options of a verb: ${NAME} verb --help\nNo idea what is wrong? ${NAME} doctor\nSee audispctl(8).\n`
}

async function ownVersion(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(resolve(BUILD_DIR, '../package.json'), 'utf8'))
  const hasVersion = typeof parsed === 'object' && parsed !== null && 'version' in parsed
  return hasVersion ? String(parsed.version) : 'unknown'
}
