import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTROL_OPTIONS } from '../control-place.js'
import type { Host } from '../host.js'
import { painter } from '../paint.js'
import { asTyped, withTyped } from '../typed-place.js'
import { orUsage } from '../verb-options.js'
import { CHECKS } from './checks.js'
import { examine, type Examination } from './examination.js'
import { reportJson, reportText } from './report.js'
import { surveyOf } from './survey.js'
import { realWorld, type World } from './world.js'

const VERB = 'doctor'
/** Where there is no terminal: what mail and logs still show whole. */
const PLAIN_COLUMNS = 100
const EXIT: Readonly<Record<Examination['worst'], number>> = { ok: 0, warn: 1, fail: 2 }

const HELP = `usage: audispctl doctor [--json] [--quiet] [-c DIR] [--socket PATH]

Looks at every layer, from the kernel to the collector, and says of each whether it is well, and
of what is not the command that mends it. It changes nothing.

  -c, --config-dir DIR  audispd's configuration (default: the one that auditd gives to it)
  --socket PATH         its control socket (default: as its configuration has it)
  -q, --quiet           only what is wrong; nothing when all is well
  --json                one JSON object

Exit status: ${EXIT.ok} all is well, ${EXIT.warn} something to look at, ${EXIT.fail} something to mend.
See audispctl(8).
`

export const OPTIONS = {
  ...CONTROL_OPTIONS,
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', short: 'q', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Says what is wrong with the machine, as far as audit is concerned; `launcher` is the audispd that belongs to this audispctl. */
export async function doctor(
  args: readonly string[],
  host: Host,
  launcher: string,
  worldOf: typeof realWorld = realWorld,
): Promise<number> {
  const { values } = orUsage(VERB, () => parseArgs({ args: [...args], options: OPTIONS, strict: true }))
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const configDir = values['config-dir']
  const world: World = worldOf(host, {
    configDir: configDir === undefined ? undefined : resolve(configDir),
    socket: values.socket === undefined ? undefined : resolve(values.socket),
    launcher,
  })
  const examined = await examine(CHECKS, surveyOf(world))
  const findings = examined.findings.map((finding) => withTyped(finding, values))
  const examination = { ...examined, findings, first: asTyped(examined.first, values) }
  world.close()
  const exitStatus = EXIT[examination.worst]
  const columns = host.terminal?.size().columns ?? PLAIN_COLUMNS
  if (values.json) host.out(reportJson(examination, exitStatus))
  else host.out(reportText(examination, { columns, paint: painter(host), quiet: values.quiet }))
  return exitStatus
}
