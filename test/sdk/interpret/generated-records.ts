// Records made for comparing: each system call that there is with arguments of every kind, each field that is interpreted
// with numbers of every kind, addresses of every family, and text in every encoding, right and wrong. The same seed makes the
// same records. Left out is what libauparse reads from memory that nobody wrote (addresses shorter than the structure that
// it takes them for), what it dies of (TRUSTED_APP with a `key` that is no hex), and scopes of IPv6, which it may know as
// interfaces.

import { Random } from '../../protocol/random.js'

const ARCHES = ['c000003e', '40000003', 'c00000b7', '40000028', '14', '80000015', 'c0000015', '80000016', '16']
const UNKNOWN_ARCHES = ['c00000f3', '0', '', 'zz', 'fffffffffffffffff', '-1']
const MAX_SYSCALL = 470
const MAX_ERRNO = 600
const MAX_FAMILY = 48
/** How many of each sort that is not counted through. */
const ROUNDS = 200
const INET6_BYTES = 28

const TYPES = ['SYSCALL', 'PATH', 'CWD', 'EXECVE', 'AVC', 'USER_AUTH', 'USER_TTY', 'TTY', 'NETFILTER_PKT', 'MQ_OPEN']
const MORE_TYPES = ['CRYPTO_KEY_USER', 'ADD_GROUP', 'GRP_MGMT', 'DEL_GROUP', 'KERN_MODULE', 'LOGIN', 'UNKNOWN[1331]']
const NAMES =
  'auid uid euid suid fsuid ouid oauid old-auid iuid id inode_uid sauid obj_uid obj_gid gid egid sgid fsgid ogid igid ' +
  'inode_gid new_gid syscall arch exit path comm exe file watch cwd cmd acct dir vm old-chardev new-chardev old-disk ' +
  'new-disk old-fs new-fs old-net new-net device cgroup apparmor operation denied_mask info profile requested_mask ' +
  'old-rng new-rng ocomm grp new_group invalid_context sw root_dir key name perm perm_mask mode prom old_prom ' +
  'capability res result a0 a1 a2 a3 a4 argc a1_len sig sigev_signo list data ses cap_pi cap_pe cap_pp cap_pa cap_fi ' +
  'cap_fp fp fi old_pp old_pi old_pe old_pa new_pp new_pi new_pe pp pi pe pa family icmptype proto addr per code oflag ' +
  'flags subj obj scontext tcontext vm-ctx img-ctx proctitle hook action macproto ioctlcmd resp nl-mcgrp resolve ' +
  'pid success msg UID saddr trust fan_type seperm nsec'
const SPECIAL_NUMBERS = ['0', '-1', '1', '4294967295', '4294967294', '18446744073709551615', '18446744073709551616']
const MORE_NUMBERS = [
  'ffffffff',
  'ffffff9c',
  'ffffffffffffffff',
  '10000000000000000',
  '9223372036854775808',
  '0x1f',
  '-5',
]
const ODD_NUMBERS = [
  '0x',
  '+7',
  '-0',
  '08',
  '1e3',
  'x',
  '?',
  'unset',
  'yes',
  'no',
  'failed',
  '-9223372036854775809',
  '7fffffff',
]
const TEXTS = [
  '"a',
  'a"',
  '"',
  '""',
  '"a"b"',
  '(null)',
  '(none)',
  '(x',
  '00',
  '001',
  '0',
  'A',
  'AB',
  'abC',
  '00AB',
  '006C73',
]
const MORE_TEXTS = [
  '2F746D702F612062',
  '61zz',
  '6C7300',
  '6C73002D6C',
  '0000',
  '61006200',
  '00610062',
  'G1',
  '1B5B41',
  '01',
  '7F',
]
const WORDS = [
  '/bin/ls',
  '"/bin/ls"',
  '../x',
  '"/a/../b"',
  '"/a/.."',
  'FF00FE',
  '6162630A',
  '"\x02"',
  '\xff\x80',
  '0A0A',
]

/** Records as latin1 text, a few thousands. */
export function generatedRecords(seed: number): string[] {
  const random = new Random(seed)
  const bodies = [
    ...allSyscalls(random),
    ...allErrors(),
    ...allFields(random),
    ...addresses(random),
    ...terminals(random),
    ...titles(random),
    ...enriched(random),
    ...arguments_(random),
    ...oddWords(random),
  ]
  return bodies.map(
    ([type, body], index) => `${type} msg=audit(1500000000.${100 + (index % 900)}:${index + 1}): ${body}`,
  )
}

type Body = readonly [type: string, body: string]

function allSyscalls(random: Random): Body[] {
  return ARCHES.flatMap((arch) =>
    Array.from({ length: MAX_SYSCALL }, (_, call) =>
      syscall(
        arch,
        call,
        [0, 1, 2, 3].map(() => argument(random)),
      ),
    ),
  )
}

/** Calls that have something to say about their arguments, with more of them. */
function arguments_(random: Random): Body[] {
  const calls = [
    2, 9, 10, 8, 16, 29, 41, 46, 47, 54, 55, 56, 62, 72, 86, 101, 117, 135, 144, 157, 160, 165, 166, 227, 233,
  ]
  const more = [240, 257, 269, 272, 308, 321, 437, 439, 21, 83, 90, 92, 133, 258, 259, 268, 114, 200, 234]
  return Array.from({ length: ROUNDS * 15 }, () => {
    const call = random.oneOf([...calls, ...more])
    return syscall(
      'c000003e',
      call,
      [0, 1, 2, 3].map(() => argument(random)),
    )
  }).concat(
    Array.from({ length: ROUNDS }, () => {
      const call = random.oneOf([102, 117])
      return syscall(
        random.oneOf(['40000003', '14', '16']),
        call,
        [0, 1, 2, 3].map(() => argument(random)),
      )
    }),
    Array.from({ length: ROUNDS }, () => {
      const odd = random.oneOf([...UNKNOWN_ARCHES, ...ARCHES])
      const per = random.oneOf(['', '', `per=${argument(random)} `])
      const node = random.oneOf(['', 'node=host.example '])
      const body = `arch=${odd} syscall=${random.oneOf(['', ...SPECIAL_NUMBERS, '59'])} ${per}success=yes exit=3 `
      return [
        `${node}type=SYSCALL`,
        `${body}a0=${argument(random)} a1=1 a2=2 a3=3 arch=${random.oneOf(ARCHES)}`,
      ] as const
    }),
    ['subj=x ', ''].map(
      (subj) =>
        [
          'type=SECCOMP',
          `auid=1 uid=0 gid=0 ses=1 ${subj}pid=2 comm="x" exe="/x" sig=31 arch=40000003 syscall=5 compat=0 ip=0x7f code=0x50000`,
        ] as const,
    ),
  )
}

function syscall(arch: string, call: number, [a0, a1, a2, a3]: readonly string[]): Body {
  return ['type=SYSCALL', `arch=${arch} syscall=${call} success=no exit=-2 a0=${a0} a1=${a1} a2=${a2} a3=${a3} items=0`]
}

function argument(random: Random): string {
  switch (random.below(6)) {
    case 0:
      return random.below(48).toString(16)
    case 1:
      return random.below(65536).toString(16)
    case 2:
      return (2 ** random.below(32)).toString(16)
    case 3:
      return random.bytes(8).toString('hex').replace(/^0+/, '')
    case 4:
      return random.bytes(4).toString('hex').replace(/^0+/, '')
    default:
      return random.oneOf([
        '0',
        '1',
        '2',
        '6',
        '11',
        '29',
        '107',
        'ffffff9c',
        'ffffffffffffff9c',
        '17',
        '18',
        '5401',
        '80045430',
      ])
  }
}

function allErrors(): Body[] {
  const big = ['-4294967298', '-9223372036854775807', '-9223372036854775809', '9223372036854775808', '7', 'x', '-']
  return [...Array.from({ length: MAX_ERRNO }, (_, number) => String(-number)), ...big].map((exit) => [
    'type=SYSCALL',
    `exit=${exit}`,
  ])
}

function allFields(random: Random): Body[] {
  const values = [...SPECIAL_NUMBERS, ...MORE_NUMBERS, ...ODD_NUMBERS, ...TEXTS, ...MORE_TEXTS, ...WORDS]
  const names = NAMES.split(' ')
  return [...TYPES, ...MORE_TYPES].flatMap((type) =>
    names.flatMap((name) => {
      const numbers = Array.from({ length: 6 }, () =>
        String(random.below(random.oneOf([16, 64, 512, 65536, 4294967296]))),
      )
      const some = [...numbers, ...Array.from({ length: 6 }, () => random.oneOf(values))]
      return some
        .filter((value) => isSafe(type, name, value))
        .map((value) => [`type=${type}`, `${name}=${value}`] as const)
    }),
  )
}

/** An address that is too short for its family is read beyond its end. */
function isSafe(type: string, name: string, value: string): boolean {
  return name !== 'saddr' || ['AVC', 'NETFILTER_PKT'].includes(type) || !/^0[3489]|^\d*$|^[0-9A-Fa-f]{1,3}$/.test(value)
}

function addresses(random: Random): Body[] {
  const bodies: Body[] = []
  for (let family = 0; family < MAX_FAMILY; family += 1) {
    for (const size of [INET6_BYTES, 12, 16, 110, 128, 14 + random.below(100)]) {
      const bytes = random.bytes(size)
      bytes.writeUInt16LE(family, 0)
      if (family === 10 && size >= INET6_BYTES) bytes.writeUInt32LE(0, 24)
      bodies.push(address(bytes))
    }
  }
  for (const path of [
    '/run/x',
    '\0abstract',
    '',
    '\0',
    'a',
    'x'.repeat(108),
    '/a b',
    `\0${'y'.repeat(107)}`,
    '/n\n\x01',
  ]) {
    bodies.push(address(Buffer.concat([Buffer.from([1, 0]), Buffer.from(path, 'latin1')])))
    bodies.push(address(Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0\0`, 'latin1')])))
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = random.bytes(INET6_BYTES)
    bytes.writeUInt16LE(10, 0)
    bytes.writeUInt32LE(0, 24)
    for (let word = 8; word < 24; word += 2)
      if (random.below(3) > 0) bytes.writeUInt16LE(random.oneOf([0, 0, 0, 0xffff, 256]), word)
    bodies.push(address(bytes))
  }
  return [
    ...bodies,
    ...['02', '0200', '0100', '010041', '1000', '0A00', '(null)', '"x"', 'zz', '0', '2F00'].map((value): Body => [
      'type=SOCKADDR',
      `saddr=${value}`,
    ]),
  ]
}

function address(bytes: Buffer): Body {
  return ['type=SOCKADDR', `saddr=${bytes.toString('hex').toUpperCase()}`]
}

function terminals(random: Random): Body[] {
  const pieces = [
    'ls -l',
    '\r',
    '\n',
    '\x1b[A',
    '\x1b[24;5~',
    '\x1bOP',
    '\x1b',
    '\x9b11~',
    '\x8fA',
    '\x1b[[',
    '\x1b[[A',
    '"',
    '\\',
    '\0',
    '\x7f',
    '\xe4',
    '\x1b[9',
    '\x1b[195z',
    '\x1b[3~',
  ]
  return Array.from({ length: ROUNDS * 2 }, () => {
    const data = Array.from({ length: 1 + random.below(6) }, () =>
      random.below(8) === 0 ? random.bytes(3).toString('latin1') : random.oneOf(pieces),
    )
    return [
      'type=TTY',
      `tty pid=1 uid=0 auid=0 ses=1 major=4 minor=1 comm="bash" data=${hex(data.join(''))}${random.oneOf(['', '', '', '1'])}`,
    ]
  })
}

function titles(random: Random): Body[] {
  const words = ['ls', '-l', '/a b', '', '\n', '\xff\xfe', '\x1b[0m']
  return Array.from({ length: ROUNDS }, () => {
    const title = Array.from({ length: 1 + random.below(5) }, () => random.oneOf(words)).join('\0')
    return [
      'type=PROCTITLE',
      `proctitle=${random.oneOf(['', '', '', '00'])}${hex(title)}${random.oneOf(['', '', '00', '6'])}`,
    ]
  })
}

function enriched(random: Random): Body[] {
  const added = [
    'AUID="joe"',
    'AUID=6A6F6520',
    'UID="unset"',
    'UID=unknown(5)',
    'SYSCALL=execve',
    'SYSCALL=unknown-syscall(9)',
    'ARCH=x86_64',
    'GID="a b"',
    'OUID="',
    'A',
    '=x',
    'AUID=',
    'KEY="x"',
    'saddr={ x }',
    'UID="x\x02"',
    'SyScAlL=y',
  ]
  const starts = [
    '',
    '',
    '',
    ' ',
    'SADDR={ saddr_fam=inet laddr=1.2.3.4 lport=5 }',
    'SADDR={ x',
    'SADDR=x ',
    'SADDR=unknown-family(77)',
  ]
  return Array.from({ length: ROUNDS * 2 }, () => {
    const list = Array.from({ length: random.below(5) }, () => random.oneOf(added)).join(random.oneOf([' ', '  ']))
    return [
      'type=SYSCALL',
      `arch=c000003e syscall=59 auid=0 uid=5 gid=0 ouid=0 key="k" saddr=020000357F0000010000000000000000\x1d${random.oneOf(starts)}${list}`,
    ]
  })
}

/** What is no field, half a field or two; an AVC's words without names; marks at the end of values. */
function oddWords(random: Random): Body[] {
  const avc = ['avc:', 'denied', '{', '}', 'read', 'write', 'x'.repeat(60), 'for', 'scontext=a:b']
  const keys = [
    'key=',
    'key="k"',
    'key="a b"',
    'key=6101620163',
    'key=00',
    'key=(null)',
    'key=(x)',
    'key=6',
    'key=zz',
    'key=,',
  ]
  const ends = [
    'a=b:',
    'a=b,:',
    'a=b:,',
    "a=b')",
    "a=b)'",
    "a=b)',:",
    "a='",
    'a=,',
    'a=)',
    'a=(none)',
    'a=(null),',
    'a=(none))',
  ]
  const starts = [
    '(a=b',
    '=x',
    '=',
    'a=',
    'a==b',
    'a=b=c',
    '\t',
    '\t=',
    'ab',
    '"',
    'node=x',
    'type=CWD',
    'arch=c000003e',
    '\xe4=\xff',
  ]
  const messages = [
    "msg='op=x",
    "msg='",
    'msg=audit(1.2:3):',
    'msg=abc',
    'msg=x',
    'msg="x"',
    "msg='x",
    'msg',
    'msg==',
    "msg='=",
    "'",
  ]
  const words = [...avc, ...keys, ...ends, ...starts, ...messages]
  return Array.from({ length: ROUNDS * 10 }, () => {
    const type = random.oneOf(['AVC', 'AVC', 'USER_AVC', 'SYSCALL', 'USER_CMD', 'UNKNOWN[1400]', '1400', 'avc'])
    const node = random.oneOf(['', '', 'node=n ', 'node=(x '])
    const list = Array.from({ length: random.below(12) }, () => random.oneOf(words))
    const opening =
      random.below(3) === 0 ? ['avc:', '', 'denied', '{', ...list.filter((word) => !word.includes('=')), '}'] : []
    return [`${node}type=${type}`, [...opening, ...list].join(random.oneOf([' ', '  ']))]
  })
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex').toUpperCase()
}
