// What this machine has to have, and what an older audit has left on it.
import { orOk, fail, ok, skip, warn, quoted, type Check, type Finding } from './check.js'
import { isThere, namesIn } from './looking.js'
import type { Survey } from './survey.js'
import { isAtLeast } from '../auditd-version.js'
import { activePlugins } from '../active-plugins.js'

const OLD_DIR = '/etc/audisp'
const OLD_CONF = `${OLD_DIR}/audispd.conf`
const OLD_PLUGIN_DIR = `${OLD_DIR}/plugins.d`
const LEAST_NODE = [20, 19] as const
const ENV = '/usr/bin/env'
/** What audispd and its plugins start by these paths. */
const PROGRAMS = ['/usr/bin/mkfifo', '/usr/bin/id', '/usr/bin/getent', '/usr/bin/flock'] as const
const PACKAGES: Readonly<Record<string, string>> = { '/usr/bin/getent': 'libc-bin', '/usr/bin/flock': 'util-linux' }

export const SYSTEM_CHECKS: readonly Check[] = [
  { id: 'system.node', layer: 'system', run: node },
  { id: 'system.env', layer: 'system', run: env },
  { id: 'system.programs', layer: 'system', run: programs },
  { id: 'system.leftovers', layer: 'system', run: leftovers },
]

async function node({ world }: Survey): Promise<readonly Finding[]> {
  const [major = 0, minor = 0] = world.nodeVersion.split('.').map(Number)
  const [leastMajor, leastMinor] = LEAST_NODE
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  if (isEnough) return [ok(`Node ${world.nodeVersion}`)]
  const mend = `install Node ${LEAST_NODE.join('.')} or later: https://nodejs.org/en/download`
  return [fail(`Node ${world.nodeVersion} is too old: ${world.node}`, mend)]
}

/** Each plugin is started through it. */
async function env({ world }: Survey): Promise<readonly Finding[]> {
  const ran = await world.run(ENV, ['--ignore-signal=HUP', '/bin/true'])
  if (ran.kind === 'ended' && ran.status === 0) return []
  return [fail(`${ENV} knows no --ignore-signal: no plugin can be started`, 'apt-get install coreutils, 8.31 or later')]
}

async function programs({ world }: Survey): Promise<readonly Finding[]> {
  const missing: Finding[] = []
  for (const path of PROGRAMS) {
    if (await isThere(world.files, path)) continue
    missing.push(fail(`${path} is missing, and audispd needs it`, `apt-get install ${PACKAGES[path] ?? 'coreutils'}`))
  }
  return missing
}

async function leftovers({ world, auditd }: Survey): Promise<readonly Finding[]> {
  const { version } = await auditd()
  if (version === undefined) return [skip('without the version of auditd it is not known what is left over')]
  if (!isAtLeast(version, 3)) return []
  const found: Finding[] = []
  const old = await activePlugins(world.files, OLD_PLUGIN_DIR)
  for (const { file } of old) {
    const what = `${OLD_PLUGIN_DIR}/${file} is active, and nobody reads it: it is of audit 2.x`
    found.push(warn(what, `mv ${quoted(`${OLD_PLUGIN_DIR}/${file}`)} /etc/audispd/audispd.d/`))
  }
  if (await isThere(world.files, OLD_CONF)) {
    const what = `${OLD_CONF} is of audit 2.x, and nobody reads it`
    found.push(warn(what, `mv ${OLD_CONF} ${OLD_CONF}.old`))
  }
  const isEmpty = (await namesIn(world.files, OLD_DIR)).length === 0
  return isEmpty ? [] : orOk(found, 'nothing is left of audit 2.x')
}
