import { isIP } from 'node:net'
import type { Parsed } from '../config/value.js'

const MAX_PORT = 65_535
const MAX_HOST_LENGTH = 253
const MAX_LISTED = 16
const NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?$/i

/** Where to connect to, or to listen. */
export interface HostPort {
  /** A name, or an address without brackets; '' is every address of this machine. */
  readonly host: string
  readonly port: number
}

/** Several of `host:port` between commas; without a port it is the default one. `*` is every address, where that makes sense. */
export function hostPorts(defaultPort: number, use: 'connect' | 'listen'): (text: string) => Parsed<HostPort[]> {
  return (text) => {
    const found: HostPort[] = []
    for (const word of text.split(',').map((each) => each.trim())) {
      const parsed = hostPort(word, defaultPort, use)
      if ('mistake' in parsed) return parsed
      if (found.some((each) => hostPortText(each) === hostPortText(parsed.value)))
        return { mistake: `'${word}' stands there twice` }
      found.push(parsed.value)
    }
    return found.length > MAX_LISTED
      ? { mistake: `${found.length} of them; ${MAX_LISTED} are the most` }
      : { value: found }
  }
}

/** As it is written in a configuration file. */
export function hostPortText({ host, port }: HostPort): string {
  if (host === '') return `*:${port}`
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether what goes there stays on this machine, as far as the name alone says. */
export function isLoopback(host: string): boolean {
  const lower = host.toLowerCase()
  if (isIP(host) === 4) return host.startsWith('127.')
  return lower === 'localhost' || lower === '::1' || lower.startsWith('::ffff:127.')
}

function hostPort(word: string, defaultPort: number, use: 'connect' | 'listen'): Parsed<HostPort> {
  const mistake = `'${word}' is not HOST:PORT, such as ${use === 'connect' ? 'agg1.example.org' : '192.0.2.1'}:${defaultPort} or [2001:db8::1]:${defaultPort}`
  if (isIP(word) === 6) return { mistake: `${mistake}; an IPv6 address stands in brackets` }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(word) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host === undefined) return { mistake }
  if (port < 1 || port > MAX_PORT) return { mistake: `'${word}': a port is a number from 1 to ${MAX_PORT}` }
  if (host === '*') return use === 'listen' ? { value: { host: '', port } } : { mistake }
  if (bracketed !== undefined) return isIP(host) === 6 ? { value: { host, port } } : { mistake }
  if (isIP(host) === 4) return { value: { host, port } }
  // Four numbers that are no address would be looked up as a name, and the admin told that there is no such host.
  const isName = host.length <= MAX_HOST_LENGTH && NAME.test(host) && !/^[\d.]+$/.test(host)
  return isName ? { value: { host, port } } : { mistake }
}
