import { hostname } from 'node:os'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { allow, revoke } from './cert-allow.js'
import { CA_CERT, hostUri, makeAuthority, openAuthority, type Authority } from './cert-authority.js'
import { ALLOW, installBundle, linkAllowList, makeBundle, renewBundle } from './cert-bundle.js'
import { certShow } from './cert-show.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'
import type { Host } from './host.js'
import { namedVerb, optionsBefore } from './named-verb.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'cert'
const REMOTE_DIR = '/etc/audispd/remote'
const CA_DAYS = 3650
const HOST_DAYS = 365
const MAX_DAYS = 36_500
const SITE = /^[a-z0-9][a-z0-9.-]{0,62}$/
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const DNS_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/

const HELP = `usage: audispctl cert ca DIR [--site SITE] [--days DAYS]
       audispctl cert collector DIR NAME [--dns NAME ...] [--ip ADDRESS ...] [--days DAYS] [--install]
       audispctl cert sender DIR NAME ... [--days DAYS] [--install]
       audispctl cert renew DIR NAME ... [--days DAYS] [--install]
       audispctl cert revoke DIR NAME ...
       audispctl cert show [--json] FILE|DIR ...

Certificates for records on their way to another machine, by a small authority in DIR.

  ca         make the authority
  collector  make a key and a certificate for the machine that receives
  sender     the same for machines that send, and let them in
  renew      a new key and certificate with the same names
  revoke     let senders in no more
  show       whose certificate it is, and until when

  --site SITE        what the names begin with: audit://SITE/NAME (default: this machine's domain)
  --dns NAME         how senders call the collector (default: NAME)
  --ip ADDRESS       the same, by its address
  --days DAYS        how long it is good (default: ${HOST_DAYS}, the authority ${CA_DAYS})
  --install          put it into ${REMOTE_DIR} of this machine, too
  --install-dir DIR  another directory for that
  --json             one JSON object (show)

See audispctl(8).
`

const OPTIONS = {
  site: { type: 'string' },
  dns: { type: 'string', multiple: true },
  ip: { type: 'string', multiple: true },
  days: { type: 'string' },
  install: { type: 'boolean', default: false },
  'install-dir': { type: 'string', default: REMOTE_DIR },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const MADE = { days: OPTIONS.days, install: OPTIONS.install, 'install-dir': OPTIONS['install-dir'] } as const

/** What each verb understands; an option in the wrong place is a misunderstanding. */
export const CERT_VERBS = {
  ca: { site: OPTIONS.site, days: OPTIONS.days },
  collector: { ...MADE, dns: OPTIONS.dns, ip: OPTIONS.ip },
  sender: MADE,
  renew: MADE,
  revoke: {},
  show: { json: OPTIONS.json },
} as const

interface Asked {
  readonly dir: string
  readonly names: readonly string[]
  readonly site: string | undefined
  readonly dns: readonly string[]
  readonly addresses: readonly string[]
  readonly days: number | undefined
  /** Where to install; undefined: nowhere. */
  readonly installDir: string | undefined
}

/** A small certificate authority. */
export async function cert([name = '', ...args]: readonly string[], host: Host): Promise<number> {
  if (name === '--help' || name === '-h') {
    host.out(HELP)
    return 0
  }
  if (!isVerb(name))
    throw usage(
      VERB,
      name === '' ? 'ca, collector, sender, renew, revoke or show is missing' : `there is no 'cert ${name}'`,
    )
  return namedVerb(`cert ${name}`, () => run(name, args, host), optionsBefore(args), host)
}

function isVerb(name: string): name is keyof typeof CERT_VERBS {
  return Object.hasOwn(CERT_VERBS, name)
}

async function run(name: keyof typeof CERT_VERBS, args: readonly string[], host: Host): Promise<number> {
  const { values, positionals, tokens } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true, tokens: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  for (const token of tokens) {
    if (token.kind === 'option' && !Object.hasOwn(CERT_VERBS[name], token.name))
      throw usage(VERB, `${token.rawName} is not for 'cert ${name}'`)
  }
  if (name === 'show') return certShow(positionals, values.json, host)
  const [dir, ...names] = positionals
  if (dir === undefined) throw usage(VERB, 'the directory of the authority is missing')
  const asked: Asked = {
    dir: resolve(dir),
    names,
    site: values.site,
    dns: (values.dns ?? []).map((each) => checked('dns', each, DNS_NAME.test(each))),
    addresses: (values.ip ?? []).map((each) => checked('ip', each, isIP(each) !== 0)),
    days: values.days === undefined ? undefined : daysOf(values.days),
    installDir: values.install ? resolve(values['install-dir']) : undefined,
  }
  try {
    return await act(name, asked, host)
  } catch (error) {
    if (error instanceof CtlError || systemCode(error) === undefined) throw error
    throw new CtlError(
      'system',
      [{ message: systemReason(error), mend: 'are you root, and is there room on the disk?' }],
      { cause: error },
    )
  }
}

async function act(name: string, asked: Asked, host: Host): Promise<number> {
  if (name === 'ca') return certCa(asked, host)
  if (asked.names.length === 0) throw usage(VERB, 'the name of the machine is missing')
  for (const each of asked.names) {
    if (!NAME.test(each) || each === 'ca')
      throw usage(VERB, `'${each}': a name is 1 to 63 letters, digits, '.', '_' and '-', and not 'ca'`)
  }
  if (asked.installDir !== undefined && asked.names.length > 1)
    throw usage(VERB, '--install is for one machine, this one')
  const authority = await openAuthority(asked.dir)
  switch (name) {
    case 'collector':
      return certCollector(authority, asked, host)
    case 'sender':
      return certSender(authority, asked, host)
    case 'renew':
      return certRenew(authority, asked, host)
    default:
      return certRevoke(authority, asked, host)
  }
}

async function certCa({ dir, names, site, days }: Asked, host: Host): Promise<number> {
  if (names.length > 0) throw usage(VERB, 'one directory is needed')
  const wanted = site ?? domainOf(hostname())
  if (!SITE.test(wanted))
    throw usage(VERB, `'${wanted}': a site is 1 to 63 of a-z, 0-9, '.' and '-'; give one by --site`)
  await makeAuthority(dir, wanted, days ?? CA_DAYS)
  await allow(join(dir, ALLOW), [])
  host.out(
    `made ${join(dir, CA_CERT)}, the authority of ${wanted}. Who has its key can be anybody: nobody else may read ${dir}, and keep a copy\n`,
  )
  host.out(`next: audispctl cert collector ${dir} NAME --dns NAME.DOMAIN --install\n`)
  return 0
}

async function certCollector(authority: Authority, asked: Asked, host: Host): Promise<number> {
  const [name = '', ...more] = asked.names
  if (more.length > 0) throw usage(VERB, 'one collector at a time, as each has its own --dns and --ip')
  const dns = asked.dns.length > 0 ? asked.dns : [name]
  const bundle = await makeBundle(authority, {
    name,
    kind: 'collector',
    dns,
    addresses: asked.addresses,
    days: asked.days ?? HOST_DAYS,
  })
  host.out(`made ${bundle}: ${hostUri(authority.site, name)}\n`)
  await bring(bundle, asked, false, host)
  if (asked.installDir === undefined)
    host.out(`      with it goes ${join(authority.dir, ALLOW)}, the list of senders\n`)
  else await linkAllowList(authority, asked.installDir)
  host.out(`next: audispctl cert sender ${authority.dir} NAME ...\n`)
  return 0
}

async function certSender(authority: Authority, asked: Asked, host: Host): Promise<number> {
  for (const name of asked.names) {
    const bundle = await makeBundle(authority, {
      name,
      kind: 'sender',
      dns: [name],
      addresses: [],
      days: asked.days ?? HOST_DAYS,
    })
    const principal = hostUri(authority.site, name)
    await allow(join(authority.dir, ALLOW), [principal])
    host.out(`made ${bundle}: ${principal}\n`)
    await bring(bundle, asked, false, host)
  }
  host.out(
    `next: HUP remote-recv on the collector, which has to have ${join(authority.dir, ALLOW)} as its allow_file\n`,
  )
  return 0
}

async function certRenew(authority: Authority, asked: Asked, host: Host): Promise<number> {
  for (const name of asked.names) {
    const bundle = await renewBundle(authority, name, asked.days ?? HOST_DAYS)
    host.out(`made ${bundle}: ${hostUri(authority.site, name)}, again; what was there is in ${bundle}.old\n`)
    await bring(bundle, asked, true, host)
  }
  host.out('next: HUP remote-send or remote-recv there; until then it goes on with the old one\n')
  return 0
}

async function certRevoke(authority: Authority, { names }: Asked, host: Host): Promise<number> {
  const list = join(authority.dir, ALLOW)
  await revoke(
    list,
    names.map((name) => hostUri(authority.site, name)),
  )
  host.out(`marked as revoked in ${list}: ${names.join(', ')}\n`)
  host.out('next: HUP remote-recv on the collector; it closes their connections\n')
  return 0
}

/** Installs a bundle here, or says how it gets to where it belongs. */
async function bring(bundle: string, { installDir }: Asked, replace: boolean, host: Host): Promise<void> {
  if (installDir === undefined) {
    host.out(
      `      to its machine: ssh root@HOST install -d -m 0700 ${REMOTE_DIR}; scp -p ${bundle}/* root@HOST:${REMOTE_DIR}/\n`,
    )
    return
  }
  await installBundle(bundle, installDir, replace)
  host.out(`put into ${installDir}\n`)
}

function checked(option: string, value: string, isGood: boolean): string {
  if (isGood) return value
  throw usage(VERB, `--${option}: '${value}' is no ${option === 'ip' ? 'address' : 'name of a machine'}`)
}

function daysOf(text: string): number {
  const days = Number(text)
  if (/^\d{1,5}$/.test(text) && days >= 1 && days <= MAX_DAYS) return days
  throw usage(VERB, `--days: '${text}' is not a whole number from 1 to ${MAX_DAYS}`)
}

function domainOf(name: string): string {
  const domain = name.toLowerCase().split('.').slice(1).join('.')
  return domain === '' ? 'local' : domain
}
