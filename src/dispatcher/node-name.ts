// The name that `name_format` asks for, found as auditd finds it: by the resolver of the C library, through getent(1).

import { execFile } from 'node:child_process'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import type { Settings } from './settings.js'

const GETENT = '/usr/bin/getent'
const LOOKUP_TIMEOUT_MS = 5000
/** What stands for a name that could not be found, as audispd of audit 2.x writes it. */
const UNKNOWN_NAME = '?'

const run = promisify(execFile)

export interface NodeName {
  /** Empty: records get no node=. */
  readonly name: string
  readonly problem: string
}

export async function findNodeName(settings: Pick<Settings, 'nameFormat' | 'name'>): Promise<NodeName> {
  switch (settings.nameFormat) {
    case 'none':
      return { name: '', problem: '' }
    case 'hostname':
      return { name: withoutBlanks(hostname()), problem: '' }
    case 'user':
      return { name: withoutBlanks(settings.name), problem: '' }
    case 'fqd':
      return lookUp((line) => line.split(/\s+/)[2])
    case 'numeric':
      return lookUp((line) => line.split(/\s+/)[0])
    default:
      return settings.nameFormat satisfies never
  }
}

/** `getent ahosts NAME` prints `ADDRESS STREAM CANONICAL-NAME` first. */
async function lookUp(pick: (line: string) => string | undefined): Promise<NodeName> {
  const host = hostname()
  try {
    const { stdout } = await run(GETENT, ['ahosts', '--', host], { env: {}, timeout: LOOKUP_TIMEOUT_MS })
    const name = pick(stdout.split('\n')[0] ?? '')
    if (name !== undefined && name !== '') return { name, problem: '' }
  } catch {
    // getent(1) says "not found" by its exit status.
  }
  return { name: UNKNOWN_NAME, problem: `the name of this machine, ${host}, cannot be looked up` }
}

function withoutBlanks(name: string): string {
  return name.replaceAll(' ', '_')
}
