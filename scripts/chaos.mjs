// Runs the chaos suite: real programs, killed, cut off, filled up, set back. Usage: chaos.mjs [--kills N] [--seed N] [case ...]
//
// One case at a time, as they are about moments.
import { parseArgs } from 'node:util'
import { runCases } from './cases.mjs'

const { values, positionals } = parseArgs({
  options: { kills: { type: 'string', default: '' }, seed: { type: 'string', default: '' } },
  allowPositionals: true,
})
const env = { CHAOS_KILLS: values.kills, CHAOS_SEED: values.seed }
process.exit(await runCases({ suite: 'chaos', asked: positionals, env }))
