import type { Problem } from '../../src/config.js'
import { REAL_DISK } from '../../src/config/disk.js'
import { readTrusted } from '../../src/config/trusted-file.js'
import type { ServerChannel } from '../../src/remote/channel.js'
import { ALLOW_ALL, readAllowList, type AllowList } from '../../src/remote/tls/allow-list.js'
import { CredentialError } from '../../src/remote/tls/credential-error.js'
import { loadCredentials, type Credentials } from '../../src/remote/tls/tls-options.js'
import { loadConfig } from './config-file.js'
import type { Listening, RemoteRecvConfig } from './config.js'

const ROOT = 0

/** The configuration, with the files that it names read: what a reload replaces as a whole. */
export interface Settings {
  readonly config: RemoteRecvConfig
  /** Undefined without TLS. */
  readonly native: Credentials | undefined
  readonly rmw: Credentials | undefined
  readonly allowList: AllowList
}

export interface ReadSettings {
  /** Undefined: at least one of the problems is an error. */
  readonly settings: Settings | undefined
  readonly problems: readonly Problem[]
}

export function loadSettings(file: string): ReadSettings {
  const { config, problems } = loadConfig(file)
  if (config === undefined) return { settings: undefined, problems }
  const found: Problem[] = [...problems]
  const native = credentialsOf(config.listen, found)
  const rmw = credentialsOf(config.rmwListen, found)
  const allowList = config.allowFile === '' ? ALLOW_ALL : loadAllowList(config.allowFile, found)
  if (found.some(({ level }) => level === 'error')) return { settings: undefined, problems: found }
  return { settings: { config, native, rmw, allowList }, problems: found }
}

function credentialsOf({ places, channel }: Listening, problems: Problem[]): Credentials | undefined {
  return places.length === 0 || channel.kind === 'tcp' ? undefined : load(channel, problems)
}

function load(channel: Exclude<ServerChannel, { kind: 'tcp' }>, problems: Problem[]): Credentials | undefined {
  try {
    return loadCredentials(channel)
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    const text = error.message.replace(`${error.file}: `, '')
    problems.push({ level: 'error', file: error.file, line: 0, key: '', text })
    return undefined
  }
}

function loadAllowList(file: string, problems: Problem[]): AllowList {
  const found = readTrusted(file, { kind: REAL_DISK.uid === ROOT ? 'root' : 'anybody' }, REAL_DISK)
  switch (found.kind) {
    case 'absent':
      problems.push({
        level: 'error',
        file,
        line: 0,
        key: '',
        text: 'does not exist; allow_file = none lets everybody in',
      })
      return ALLOW_ALL
    case 'refused':
      problems.push(...found.problems)
      return ALLOW_ALL
    case 'read': {
      const { list, problems: mistakes } = readAllowList(found.bytes, file)
      problems.push(...found.problems, ...mistakes)
      return list ?? ALLOW_ALL
    }
    default:
      return found satisfies never
  }
}
