// audispctl: the operator's tool of audispd, one file a verb.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { cert } from './cert.js'
import { failureAsJson, failureAsText } from './change-report.js'
import { CtlError, EXIT_STATUS, systemCode } from './ctl-error.js'
import { realHost, type Host } from './host.js'
import { install } from './install.js'
import { plugin } from './plugin.js'
import { remote } from './remote.js'
import { uninstall } from './uninstall.js'

const NAME = 'audispctl'
const BUILD_DIR = resolve(import.meta.dirname, '../..')

interface Verb {
  readonly summary: string
  readonly run: (args: readonly string[], host: Host) => Promise<number>
}

const VERBS: ReadonlyMap<string, Verb> = new Map([
  [
    'install',
    {
      summary: 'make auditd start audispd',
      run: (args: readonly string[], host: Host) => install(args, host, resolve(BUILD_DIR, 'bin/audispd')),
    },
  ],
  ['uninstall', { summary: 'take out what install wrote', run: uninstall }],
  ['plugin', { summary: 'test a plugin against its contract, or write a new one', run: plugin }],
  ['cert', { summary: 'certificates for records on their way to another machine', run: cert }],
  ['remote', { summary: 'how records fare that go to another machine, or come from one', run: remote }],
])

// A reader that leaves early, such as head(1), is no bug of ours.
process.stdout.on('error', (error) => {
  if (systemCode(error) !== 'EPIPE') throw error
})
// Not exit(): what is still on its way to standard output has to arrive.
process.exitCode = await main(process.argv.slice(2), realHost())

async function main(argv: readonly string[], host: Host): Promise<number> {
  const [name = '', ...args] = argv
  if (name === '--help' || name === '-h' || name === 'help') {
    host.out(helpText())
    return 0
  }
  if (name === '--version') {
    host.out(`${NAME} ${await ownVersion()}\n`)
    return 0
  }
  const verb = VERBS.get(name)
  if (verb === undefined) {
    host.warn(`${NAME}: ${name === '' ? 'a verb is missing' : `there is no verb '${name}'`}\n${helpText()}`)
    return EXIT_STATUS.usage
  }
  try {
    return await verb.run(args, host)
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
  if (args.includes('--json')) host.out(failureAsJson(name, error, exitStatus))
  else host.warn(failureAsText(`${NAME} ${name}`, error))
  return exitStatus
}

function helpText(): string {
  const verbs = [...VERBS].map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}\n`)
  return `usage: ${NAME} verb [option ...]\n\n${verbs.join('')}\nOptions of a verb: ${NAME} verb --help\nSee audispctl(8).\n`
}

async function ownVersion(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(resolve(BUILD_DIR, '../package.json'), 'utf8'))
  const hasVersion = typeof parsed === 'object' && parsed !== null && 'version' in parsed
  return hasVersion ? String(parsed.version) : 'unknown'
}
