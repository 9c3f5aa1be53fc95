// Runs the simulator over seeds: simulator.model.js [--seeds N] [--from S] [--log] [--stop]. A seed that fails is printed, and is the
// same run when it is run again: --seeds 1 --from S --log shows all that the programs say. --stop ends at the first that fails.

import { parseArgs } from 'node:util'
import { DEFAULT_CONFIG } from '../../plugins/remote-send/config.js'
import { nativeUplink } from '../../plugins/remote-send/native-uplink.js'
import { Sights } from './oracle.js'
import { simulate, WANTED, type SimOptions } from './simulator.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    log: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
  },
})

const options: SimOptions = {
  senders: 2,
  virtualMs: 20 * 60_000,
  faultEveryMs: 10_000,
  settings: {
    segmentBytes: 8 * 1024,
    retention: { maxBytes: 24 * 1024, maxAgeMs: Infinity },
    spool: {
      maxBytes: DEFAULT_CONFIG.maxBytes,
      minFsFree: { kind: 'bytes', bytes: 0 },
      onFull: { kind: 'block' },
    },
    uplink: nativeUplink({
      instance: 'f'.repeat(32),
      bootId: '',
      agent: 'simulator',
      maxBlock: 1024 * 1024,
      windowBytes: 4 * 1024 * 1024,
      maxTries: 3,
    }),
  },
}

const seeds = Number(values.seeds)
const from = Number(values.from)
const sights = new Sights(WANTED)
let passed = 0
let failed = 0
let records = 0
let calls = 0

function report(isWell: boolean, what: string): void {
  if (isWell) passed++
  else failed++
  if (!isWell || values.log) process.stdout.write(`${isWell ? 'ok' : 'not ok'} - ${what}\n`)
}

for (let seed = from; seed < from + seeds && !(values.stop && failed > 0); seed++) {
  const log = values.log ? { log: (line: string) => process.stdout.write(`# ${line}\n`) } : {}
  const result = await simulate(seed, { ...options, ...log })
  sights.add(result.sights)
  records += result.records
  calls += result.calls
  report(result.violations.length === 0, `seed ${seed} ${result.hash}\n  ${result.violations.join('\n  ')}`)
}
if (seeds > 1 && !values.stop) {
  const [first, again] = [await simulate(from, options), await simulate(from, options)]
  report(first.hash === again.hash, `the same seed is the same run: ${first.hash} ${again.hash}`)
  report(
    sights.missing.length === 0 || seeds < 200,
    `it has met enough to show something: ${sights.missing.join(', ')}`,
  )
}
process.stdout.write(
  `# ${seeds} seeds from ${from}: ${records} records acknowledged, ${calls} steps, ${String(sights)}\n`,
)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
