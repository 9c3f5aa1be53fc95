// The entry of audispd: takes hold of signals, then loads the rest.

import { EarlySignals } from './early-signals.js'

const signals = new EarlySignals()
const { main } = await import('./audispd.js')
process.exitCode = await main(process.argv.slice(2), signals)
