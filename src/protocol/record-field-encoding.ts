// How audit writes values that programs and users can choose: in double quotes if every character is harmless, else as
// upper-case hex digits without quotes (kernel: audit_log_untrustedstring, libaudit: audit_encode_value).
//
// A reader cannot see from a bare value that it is hex: `a0=10` of a system call and `comm=10` look the same. The name of
// the field decides, and for some the type of the record. In a field that is encoded a harmless value would stand in
// quotes, so a bare one is hex whatever word it resembles; only a bare value that cannot be hex, `(null)` or `?`, is
// taken as it stands. In every other field nothing is ever decoded.

const EXECVE = 1309
const TTY = 1319
const USER_TTY = 1124

// The names that the audit project's field dictionary (specs/fields/field-dictionary.csv of linux-audit/audit-documentation)
// calls encoded. Without `addr`, which libaudit writes as it is, and what SOME_TYPES and SADDR are about.
const DICTIONARY =
  'acct apparmor cgroup cmd comm cwd device dir exe file grp invalid_context key name new-chardev new-disk new-fs new-net ' +
  'new-rng ocomm old-chardev old-disk old-fs old-net old-rng path proctitle vm watch'
// Not in it: fields of SOFTWARE_UPDATE, what AppArmor writes as an untrusted string, and what a firewall's rule calls its packets.
const OTHERS = 'sw root_dir profile namespace target prefix'
const ENCODED: ReadonlySet<string> = new Set(`${DICTIONARY} ${OTHERS}`.split(' '))

/** An address as the kernel keeps it: bytes and never text, always in hex. */
const SADDR = 'saddr'
const ARGUMENT = /^a\d+(?:\[\d+\])?$/
/** Names of users and groups, the only enriched values that users can choose. */
const ENRICHED_NAME = /(?:^ID|UID|GID)$/
const HEX = /^(?:[0-9A-F]{2})+$/

/** Whether audit encodes the text of a field; `type` is the number of the record's type. */
export function isEncodedText(key: string, type: number): boolean {
  if (ENCODED.has(key)) return true
  if (key === 'data') return type === TTY || type === USER_TTY
  return type === EXECVE && ARGUMENT.test(key)
}

/** Whether the value of a field, quoted or hex, stands for other bytes: the encoded texts, and socket addresses. */
export function isEncodedBytes(key: string, type: number): boolean {
  return key === SADDR || isEncodedText(key, type)
}

/** Whether auditd encodes the value of an enriched field. */
export function isEncodedEnriched(key: string): boolean {
  return ENRICHED_NAME.test(key)
}

/** The bytes that a bare value of an encoded field stands for; undefined if it is not hex as audit writes it. */
export function decodeHex(value: string): Buffer | undefined {
  return HEX.test(value) ? Buffer.from(value, 'hex') : undefined
}
