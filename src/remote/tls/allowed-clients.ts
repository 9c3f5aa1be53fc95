// The list of clients of auditd 4.2, `tls_allowed_clients`: lines `IDENTITY enabled|disabled [key=/PATH] [notes]`.

import { Buffer } from 'node:buffer'
import { pskIdentity } from '../channel.js'
import { linesOf } from '../../config/lines.js'
import { CredentialError } from './credential-error.js'
import { readPsk } from './psk-file.js'

const MAX_LINE_BYTES = 510
const MAX_CLIENTS = 10_000

/** Each enabled identity with its key. `sharedKey` is for lists without keys, which may enable one identity only. */
export function readAllowedClients(text: Buffer, file: string, sharedKey: Buffer | undefined): Map<string, Buffer> {
  const clients = linesOf(text).lines.map(({ line, content }) => parseLine(content, line, file))
  if (clients.length > MAX_CLIENTS) throw wrong(file, 0, `has more than ${MAX_CLIENTS} clients`)
  const twice = clients.find(({ identity }, at) => clients.findIndex((each) => each.identity === identity) !== at)
  if (twice !== undefined) throw wrong(file, twice.line, `'${twice.identity}' stands there twice`)
  const enabled = clients.filter((client) => client.isEnabled)
  const withKey = clients.filter(({ keyFile }) => keyFile !== undefined)
  if (withKey.length > 0 && withKey.length < clients.length)
    throw wrong(
      file,
      clients.find(({ keyFile }) => keyFile === undefined)?.line ?? 0,
      'key= is missing, and others have one; all or none',
    )
  if (withKey.length === 0) return withSharedKey(enabled, file, sharedKey)
  const keys = new Map<string, Buffer>()
  for (const { identity, keyFile = '', line } of enabled) {
    const key = readPsk(keyFile)
    const same = [...keys].find(([, other]) => other.equals(key))
    if (same !== undefined)
      throw wrong(file, line, `'${identity}' and '${same[0]}' have the same key; each needs its own`)
    keys.set(identity, key)
  }
  return keys
}

interface Client {
  readonly line: number
  readonly identity: string
  readonly isEnabled: boolean
  readonly keyFile: string | undefined
}

function parseLine(content: Buffer, line: number, file: string): Client {
  if (content.length > MAX_LINE_BYTES)
    throw wrong(file, line, `has ${content.length} bytes; ${MAX_LINE_BYTES} are the most`)
  const [identity = '', status = '', ...notes] = content.toString('utf8').split(/[ \t]+/)
  const parsed = pskIdentity(identity)
  if ('mistake' in parsed) throw wrong(file, line, parsed.mistake)
  if (!/^(?:enabled|disabled)$/i.test(status)) throw wrong(file, line, `'${identity}' must be enabled or disabled`)
  const [keyWord] = notes
  const keyFile = keyWord?.startsWith('key=') === true ? keyWord.slice('key='.length) : undefined
  if (keyFile !== undefined && !keyFile.startsWith('/')) throw wrong(file, line, 'key= needs an absolute path')
  return { line, identity, isEnabled: status.toLowerCase() === 'enabled', keyFile }
}

function withSharedKey(enabled: readonly Client[], file: string, sharedKey: Buffer | undefined): Map<string, Buffer> {
  const [only, second] = enabled
  if (only === undefined) return new Map()
  // With one key for all, each could call itself by the name of any other.
  if (second !== undefined)
    throw wrong(file, second.line, 'a second enabled client needs key=/PATH for each, as they could not be told apart')
  if (sharedKey === undefined)
    throw wrong(file, only.line, `'${only.identity}' has no key: add key=/PATH, or set tls_psk_file`)
  return new Map([[only.identity, sharedKey]])
}

function wrong(file: string, line: number, text: string): CredentialError {
  return new CredentialError('unusable', line > 0 ? `${file}:${line}` : file, text)
}
