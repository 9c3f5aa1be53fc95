// The entry of audispd: takes hold of signals, then loads the rest.

import { EarlySignals } from './early-signals.js'
import { keepDebuggerShut } from './no-debugger.js'

const signals = new EarlySignals()
keepDebuggerShut()
const { main } = await import('./audispd.js')
// Not process.exitCode: what is still open, such as a log that nobody reads, must not keep the daemon from ending.
process.exit(await main(process.argv.slice(2), signals))
