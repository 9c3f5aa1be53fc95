// argv, and the plugin.

import { runPlugin } from '../../src/sdk/index.js'
import { version } from '../../src/version.js'
import { LineWriter } from './line-writer.js'
import { readOptions, type Options } from './options.js'
import { paintFor } from './paint.js'
import { print } from './print.js'

const EXIT_USAGE = 64

const USAGE = `Usage: audispd-print [OPTION]...

Shows records as lines for people: a line for each event. A plugin of audispd and of auditd; by hand:
audispd -c etc --only print < STREAM

      --records        a line for each record, with its fields as they came
      --json           a JSON object for each event
      --type LIST      only events with a record of these types, such as USER_*,LOGIN
      --key KEY        only events of rules with this key (auditctl -k); may be given several times
      --color WHEN     auto (on a terminal, unless NO_COLOR is set), always or never
      --jitless        first of all, to the launcher alone: run Node without its compiler
  -h, --help           this text
      --version        the version

Signals: TERM and INT end, HUP is taken and means nothing.
Exit status: 0 done, 64 usage, 65 the dispatcher broke the protocol or the input holds no records, 70 bug.
See audispd-print(8).
`

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`audispd-print: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return undefined
  }
}

const options = optionsOrUsage()
switch (options?.verb) {
  case undefined:
    process.exitCode = EXIT_USAGE
    break
  case 'help':
    process.stdout.write(USAGE)
    break
  case 'version':
    process.stdout.write(`${version()}\n`)
    break
  case 'run': {
    const paint = paintFor(options.color, process.stdout.isTTY, process.env)
    await runPlugin(print(options, paint, new LineWriter(process.stdout)))
  }
}
