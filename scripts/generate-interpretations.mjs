// Writes src/sdk/tables/auparse-*.ts: what libauparse 3.0.9 calls the numbers in records. The library is asked, number by
// number, about records made for it; nothing of its source is needed. On Debian 12 with python3-audit, as root, from the
// root of the repository:
//
//   node scripts/generate-interpretations.mjs
//
// It asks without /etc/protocols, whose names would stand before the library's own.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const TABLES = 'src/sdk/tables'
const MAX_WIDTH = 118
const PROGRAM =
  'mount --bind /dev/null /etc/protocols && exec /usr/bin/python3 test/fixtures/programs/interprets-by-auparse.py'
const MAX_ANSWER_BYTES = 1 << 28
const X86_64 = 'c000003e'
const I386 = '40000003'
/** Requests of ioctl and options of prctl that are not small numbers: the library has none but these. */
const LARGE_IOCTLS = [0x40045431, 0x80045430, 0x80045431, 0xc01864b0, 0xc01864b1, 0xc01c64a3]
const LARGE_PRCTLS = [0x53564d41, 0x59616d61]

/** Constant, what it is, the numbers to ask for, and how to ask for one. */
const NAMES = [
  ['FAMILIES', 'Socket families', range(0, 255), argument(41, 0)],
  ['SOCKET_TYPES', 'Socket types', range(0, 255), argument(41, 1)],
  ['CLOCKS', 'Clocks', range(0, 15), argument(227, 0)],
  ['RLIMITS', 'Resource limits', range(0, 31), argument(160, 0)],
  ['PERSONALITIES', 'Personalities', range(0, 255), field('SYSCALL', 'per', 16)],
  ['PTRACE_REQUESTS', "ptrace's requests", range(0, 0x4fff), argument(101, 0)],
  ['PRCTL_OPTIONS', "prctl's options", [...range(0, 255), ...LARGE_PRCTLS], argument(157, 0)],
  ['FCNTL_COMMANDS', "fcntl's commands", range(0, 2047), argument(72, 1)],
  ['EPOLL_OPERATIONS', "epoll_ctl's operations", range(0, 255), argument(233, 1)],
  ['SCHEDULERS', 'Schedulers', range(0, 15), argument(144, 1)],
  ['SOCKET_LEVELS', 'Levels of socket options', range(0, 1023), argument(54, 1)],
  ['SOCKET_OPTIONS', 'Options of sockets', range(0, 255), argument(54, 2, 1)],
  ['IP_OPTIONS', 'Options of IPv4 sockets', range(0, 255), argument(54, 2, 0)],
  ['IPV6_OPTIONS', 'Options of IPv6 sockets', range(0, 255), argument(54, 2, 41)],
  ['TCP_OPTIONS', 'Options of TCP sockets', range(0, 255), argument(54, 2, 6)],
  ['UDP_OPTIONS', 'Options of UDP sockets', range(0, 255), argument(54, 2, 17)],
  ['PACKET_OPTIONS', 'Options of packet sockets', range(0, 255), argument(54, 2, 263)],
  ['SEEKS', "lseek's positions", range(0, 255), argument(8, 2)],
  ['IOCTLS', "ioctl's requests", [...range(0, 0xffff), ...LARGE_IOCTLS], argument(16, 1)],
  ['BPF_COMMANDS', "bpf's commands", range(0, 255), argument(321, 0)],
  ['CAPABILITIES', 'Capabilities', range(0, 63), field('CAPSET', 'capability', 10)],
  ['NETFILTER_FAMILIES', 'Families of netfilter', range(0, 255), field('NETFILTER_CFG', 'family', 10)],
  ['ICMP_TYPES', 'Types of ICMP', range(0, 255), field('NETFILTER_PKT', 'icmptype', 10)],
  ['HOOKS', "netfilter's hooks", range(0, 255), field('NETFILTER_PKT', 'hook', 16)],
  ['NET_ACTIONS', "netfilter's verdicts", range(0, 255), field('NETFILTER_PKT', 'action', 16)],
  ['LISTS', 'Lists of rules', range(0, 31), field('CONFIG_CHANGE', 'list', 10)],
  [
    'SECCOMP_ACTIONS',
    "seccomp's actions",
    range(0, 0x7fff).map((high) => high * 0x10000),
    field('SECCOMP', 'code', 16),
  ],
  ['SIGNALS', 'Signals', range(0, 31), argument(62, 1)],
  ['SOCKET_CALLS', 'Calls behind socketcall', range(0, 63), argument(102, 0, 0, I386)],
]
const FLAGS = [
  ['OPEN_FLAGS', 'Flags of open', field('MQ_OPEN', 'oflag', 16)],
  ['CLONE_FLAGS', 'Flags of clone', argument(56, 2)],
  ['MMAP_FLAGS', 'Flags of mmap', field('MMAP', 'flags', 16)],
  ['MOUNT_FLAGS', 'Flags of mount', argument(165, 3)],
  ['UMOUNT_FLAGS', 'Flags of umount2', argument(166, 1)],
  ['MESSAGE_FLAGS', 'Flags of recvmsg and sendmsg', argument(46, 2)],
  ['PATH_FLAGS', 'Flags of a path, as the kernel had them once', field('PATH', 'flags', 16)],
  ['RESOLVE_FLAGS', "Flags of openat2's resolve", field('OPENAT2', 'resolve', 16)],
]
/** Each architecture whose system calls the library knows, and our table that has most of them. */
const SYSCALLS = [
  ['x86_64', X86_64, 'x86-64'],
  ['i386', I386, 'i386'],
  ['ppc', '14', 'ppc'],
  ['s390x', '80000016', 's390x'],
  ['s390', '16', 's390x'],
  ['arm', '40000028', 'arm'],
  ['aarch64', 'c00000b7', 'aarch64'],
]

write(
  'auparse-names',
  NAMES.map(([constant, what, numbers, about]) => [constant, what, runs(named(numbers, answers(numbers.map(about))))]),
)
write('auparse-ipc-calls', [['IPC_CALLS', 'Calls behind ipc', runs(named(range(0, 63), ipcCalls()))]])
write(
  'auparse-flags',
  FLAGS.map(([constant, what, about]) => [constant, what, masks(about)]),
)
write('auparse-errors', [['ERROR_TEXTS', "Errors' numbers, names and what glibc says of them", errorLines()]], '\n')
write(
  'auparse-syscalls',
  SYSCALLS.map(([name, arch, ours]) => [
    `AUPARSE_${name.toUpperCase()}`,
    `What ${name} has otherwise than ${ours}`,
    callsOtherwise(arch, ours),
  ]),
)
write('auparse-terminal-keys', [['TERMINAL_KEYS', 'What keys send, in hex, and their names', terminalKeys()]])

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** How to ask about an argument of a system call. */
function argument(syscall, index, before = 0, arch = X86_64) {
  return (number) => {
    const values = [0, 0, 0, 0].map((_, at) => (at === index ? number : at === index - 1 ? before : 0).toString(16))
    return [syscallRecord(arch, syscall, values), `a${index}`]
  }
}

function syscallRecord(arch, syscall, [a0, a1, a2, a3] = ['0', '0', '0', '0']) {
  return recordOf('SYSCALL', `arch=${arch} syscall=${syscall} success=yes exit=0 a0=${a0} a1=${a1} a2=${a2} a3=${a3}`)
}

function field(type, name, base) {
  return (number) => [recordOf(type, `${name}=${number.toString(base)}`), name]
}

function recordOf(type, body) {
  return `type=${type} msg=audit(1500000000.123:1): ${body}`
}

/** The library's interpretations of one field in each record. */
function answers(questions) {
  const input = questions.map(([record]) => `${record}\n`).join('')
  const options = { input, encoding: 'utf8', maxBuffer: MAX_ANSWER_BYTES }
  const lines = execFileSync('unshare', ['-m', 'sh', '-c', PROGRAM], options).trimEnd().split('\n')
  return questions.map(([, name], index) => JSON.parse(lines[index]).findLast(([key]) => key === name)[2])
}

function named(numbers, texts) {
  return numbers
    .map((number, index) => [texts[index], number])
    .filter(([text]) => !/^(?:unknown|0x|undefined)/.test(text))
}

function ipcCalls() {
  const found = answers(
    range(0, 63).map((call) => [syscallRecord(I386, 117, [call.toString(16), '0', '0', '0']), 'syscall']),
  )
  return found.map((text) => /^ipc\((.*)\)$/.exec(text)?.[1] ?? 'unknown')
}

/** `0 read write ... 424 pidfd_send_signal`: a number before each name that does not follow the one before it. */
function runs(pairs) {
  let next = -1
  return pairs
    .toSorted(([, one], [, other]) => one - other)
    .flatMap(([name, number]) => {
      const words = number === next ? [name] : [String(number), name]
      next = number + 1
      return words
    })
}

/** Each flag's mask in hex and its name, in the order in which the library names them; but for what stands for no flag. */
function masks(about) {
  const bits = range(0, 31).map((bit) => 2 ** bit)
  const [all, none, ...each] = answers([0xffffffff, 0, ...bits].map(about)).map((text) => text.split(/[|,]/))
  return all
    .filter((name) => !none.includes(name))
    .map((name) => [bits.filter((_, index) => each[index].includes(name)).reduce((sum, bit) => sum + bit, 0), name])
    .flatMap(([mask, name]) => [mask.toString(16), name])
}

function errorLines() {
  const numbers = range(1, 255)
  const texts = answers(numbers.map((number) => [recordOf('SYSCALL', `exit=-${number}`), 'exit']))
  return numbers
    .map((number, index) => [number, /^(\w+)\((.*)\)$/.exec(texts[index])])
    .filter(([, found]) => found !== null)
    .map(([number, [, name, text]]) => `${number} ${name} ${text}`)
}

/** Words as in our tables; `-` at a number of ours that the library has no name for. */
function callsOtherwise(arch, ours) {
  const theirs = answers(range(0, 1023).map((call) => [syscallRecord(arch, call), 'syscall']))
  const known = tableIn(`${TABLES}/syscalls-${ours}.ts`)
  const pairs = range(0, 1023).map((call) => [theirs[call].startsWith('unknown') ? '-' : theirs[call], call])
  return runs(
    pairs
      .filter(([name, call]) => name.replace(/\(.*/, '') !== (known.get(call) ?? '-'))
      .map(([name, call]) => [name.replace(/\(.*/, ''), call]),
  )
}

function tableIn(path) {
  const [, words] = readFileSync(path, 'utf8').split('`')
  const names = new Map()
  let number = 0
  for (const word of words.trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) number = Number(word)
    else names.set(number++, word)
  }
  return names
}

/** Asks for every sequence of a form that terminals send; the longest that begins a text is the one that is named. */
function terminalKeys() {
  const any = range(1, 255).map((code) => String.fromCharCode(code))
  const finals = range(0x21, 0x7e).map((code) => String.fromCharCode(code))
  const numbers = range(0, 255).map(String)
  const ends = ['~', '^', '$', '@', 'z']
  const starts = ['\x1b[', '\x9b', '\x8f', '\x1bO', '\x1b']
  const candidates = [
    ...any,
    ...any.map((key) => `\x1b${key}`),
    ...starts.flatMap((start) => [
      ...finals.map((final) => start + final),
      ...finals.map((final) => `${start}[${final}`),
      '>M',
      ...numbers.flatMap((number) => [...ends, ...finals].map((end) => start + number + end)),
      ...numbers
        .slice(0, 64)
        .flatMap((number) =>
          range(1, 9).flatMap((mod) => [...ends, ...finals].map((end) => `${start}${number};${mod}${end}`)),
        ),
    ]),
    '\x1b[>M',
  ]
  const hex = [...new Set(candidates)].map((key) => Buffer.from(key, 'latin1').toString('hex').toUpperCase())
  const texts = answers(hex.map((data) => [recordOf('TTY', `data=${data}`), 'data']))
  return hex
    .map((data, index) => [data, /^<([^>]*)>$/.exec(texts[index])?.[1]])
    .filter(([, name]) => name !== undefined)
    .flat()
}

function write(file, constants, separator = ' ') {
  const body = constants.map(([constant, what, words]) => {
    const text = separator === '\n' ? words.join('\n') : folded(words).join('\n')
    return `/** ${what}. */\nexport const ${constant} = \`\n${text}\n\`\n`
  })
  const head =
    '// Made by scripts/generate-interpretations.mjs by asking libauparse 3.0.9 of Debian 12. Not to be edited.\n'
  writeFileSync(`${TABLES}/${file}.ts`, [head, ...body].join('\n'))
}

function folded(words) {
  const lines = ['']
  for (const word of words) {
    const line = lines.at(-1)
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= MAX_WIDTH) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
