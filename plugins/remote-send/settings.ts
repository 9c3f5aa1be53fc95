import type { Problem } from '../../src/config.js'
import { CredentialError } from '../../src/remote/tls/credential-error.js'
import { loadCredentials, type Credentials } from '../../src/remote/tls/tls-options.js'
import { loadConfig, type FileKind } from './config-file.js'
import type { RemoteSendConfig } from './config.js'

/** The configuration, with the files that it names read: what a reload replaces as a whole. */
export interface Settings {
  readonly config: RemoteSendConfig
  /** Undefined without TLS. */
  readonly credentials: Credentials | undefined
}

export interface ReadSettings {
  /** Undefined: at least one of the problems is an error. */
  readonly settings: Settings | undefined
  readonly problems: readonly Problem[]
}

export function loadSettings(file: string, kind: FileKind | undefined): ReadSettings {
  const { config, problems } = loadConfig(file, kind)
  if (config === undefined) return { settings: undefined, problems }
  try {
    const { channel } = config
    const credentials = channel.kind === 'tcp' ? undefined : loadCredentials(channel)
    return { settings: { config, credentials }, problems }
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    const text = error.message.replace(`${error.file}: `, '')
    return {
      settings: undefined,
      problems: [...problems, { level: 'error', file: error.file, line: 0, key: '', text }],
    }
  }
}
