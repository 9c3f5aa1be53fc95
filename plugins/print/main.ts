// argv, and the plugin.

import { runProgram } from '../../src/plugin-program.js'
import { runPlugin } from '../../src/sdk/index.js'
import { LineWriter } from './line-writer.js'
import { readOptions } from './options.js'
import { paintFor } from '../../src/show/paint.js'
import { print } from './print.js'

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

await runProgram('audispd-print', USAGE, {
  read: readOptions,
  perform: (options) => {
    const paint = paintFor(options.color, process.stdout.isTTY, process.env)
    return runPlugin(print(options, paint, new LineWriter(process.stdout)))
  },
})
