import * as fc from 'fast-check'
import { test } from 'tap'
import { UNKNOWN_TYPE } from '../../src/protocol/frame.js'
import type { AuditRecord } from '../../src/protocol/record-fields.js'
import { readRecord } from '../../src/protocol/record-fields.js'
import { RECORDED_LINES, recordedLines } from './recorded-lines.js'

const STAMP = 'msg=audit(1366512421.512:33896127):'

function recordOf(line: string | Buffer): AuditRecord {
  const record = readRecord(line)
  if (record === undefined) throw new Error(`no record: ${line.toString().slice(0, 200)}`)
  return record
}

function pairsOf(record: AuditRecord): string[] {
  return record.fields().map(({ key, value }) => `${key}=${value}`)
}

void test('what stands before the fields', (t) => {
  const plain = recordOf(`type=SYSCALL ${STAMP} arch=c000003e`)
  t.match(plain, { node: '', typeName: 'SYSCALL', type: 1300, seconds: 1366512421, millis: 512, serial: 33896127 })
  t.equal(plain.timeMs, 1366512421512)
  t.equal(new Date(plain.timeMs).toISOString(), '2013-04-21T02:47:01.512Z')
  t.equal(plain.bytes.toString(), `type=SYSCALL ${STAMP} arch=c000003e`)

  t.match(recordOf(`node=web1 type=UNKNOWN[1423] ${STAMP} `), { node: 'web1', typeName: 'UNKNOWN[1423]', type: 1423 })
  t.match(recordOf(`node= type=NEWER ${STAMP}`), { node: '', typeName: 'NEWER', type: UNKNOWN_TYPE })
  t.equal(recordOf(`node=grün type=EOE ${STAMP}`).node, 'grün')
  t.equal(recordOf('type=EOE msg=audit(1.007:3): ').timeMs, 1007)
  t.equal(
    recordOf('type=EOE msg=audit(1.7:3): ').timeMs,
    1007,
    'milliseconds are a number and no fraction, as in libaudit',
  )

  const inside = Buffer.from(`xxtype=EOE ${STAMP} a=byy`)
  t.same(pairsOf(readRecord(inside, 2, inside.length - 2) ?? recordOf('')), ['a=b'], 'a part of a buffer')
  t.same(pairsOf(readRecord(inside.toString(), 2, inside.length - 2) ?? recordOf('')), ['a=b'], 'a part of a string')
  t.end()
})

void test('numbers that are kept exactly, and those that are not', (t) => {
  t.equal(recordOf('type=EOE msg=audit(1.000:9007199254740991): ').serial, Number.MAX_SAFE_INTEGER)
  t.equal(readRecord('type=EOE msg=audit(1.000:9007199254740992): '), undefined)
  t.equal(readRecord('type=EOE msg=audit(1.000:90071992547409910): '), undefined)
  t.equal(recordOf('type=EOE msg=audit(999999999999.999:1): ').timeMs, 999999999999999)
  t.equal(readRecord('type=EOE msg=audit(1000000000000.000:1): '), undefined)
  t.end()
})

void test('what is no record', (t) => {
  for (const line of [
    '',
    'type=',
    'hello',
    ` type=EOE ${STAMP}`,
    `type= ${STAMP}`,
    `type=EOE  ${STAMP}`,
    `node=a b type=EOE ${STAMP}`,
    'type=EOE msg=audit(1.0:)',
    'type=EOE msg=audit(1:1)',
    'type=EOE msg=audit(.0:1)',
    'type=EOE msg=audit(-1.000:1)',
    'type=EOE msg=audit(1.0000:1)',
    'type=EOE msg=audit(1.000:1',
    'type=EOE msg=audit(1.000:0x1)',
    'type=EOE msg=1',
    `node=${'n'.repeat(1024)} type=EOE ${STAMP}`,
  ]) {
    t.equal(readRecord(line), undefined, line.slice(0, 60))
    t.equal(readRecord(Buffer.from(line)), undefined)
  }
  t.end()
})

void test('fields in their order, repeated ones and words between them', (t) => {
  const record = recordOf(
    `type=AVC ${STAMP} avc:  denied  { read } for  pid=1 dev=fe:00 a="b c" pid=2 x= old-auid=5 a1[0]=`,
  )
  t.same(pairsOf(record), ['pid=1', 'dev=fe:00', 'a=b c', 'pid=2', 'x=', 'old-auid=5', 'a1[0]='])
  t.equal(record.get('pid'), '1', 'the first')
  t.equal(record.get('x'), '')
  t.equal(record.get('nothing'), undefined)
  t.equal(record.text('nothing'), undefined)
  t.equal(record.get('toString'), undefined)
  t.same(
    record.fields().map(({ isQuoted }) => isQuoted),
    [false, false, true, false, false, false, false],
  )
  t.equal(record.body, 'avc:  denied  { read } for  pid=1 dev=fe:00 a="b c" pid=2 x= old-auid=5 a1[0]=')
  t.equal(record.message, undefined)
  t.same(
    pairsOf(recordOf(`type=DAEMON_CONFIG msg=audit(1.000:1) op=reconfigure`)),
    ['op=reconfigure'],
    'without the colon',
  )
  t.same(pairsOf(recordOf(`type=EOE msg=audit(1.000:1)`)), [])
  t.end()
})

void test('odd values', (t) => {
  const pairs = (body: string): string[] => pairsOf(recordOf(`type=PATH ${STAMP} ${body}`))
  t.same(pairs('a="cut of'), ['a=cut of'], 'a quote that was cut goes to the end')
  t.same(pairs('a="b"glued c=d'), ['a=b', 'c=d'])
  t.same(pairs('a="" b=""'), ['a=', 'b='])
  t.same(pairs('subj==unconfined =x == = a=b=c'), ['subj==unconfined', 'a=b=c'])
  t.same(pairs("name='x' msg=word"), ["name='x'", 'msg=word'], 'single quotes mean something after msg= only')
  t.same(pairs('SADDR={ a=b }'), ['SADDR={', 'a=b'], 'braces mean something in the enriched part only')
  t.same(pairs('grün=süß'), ['grün=süß'])
  t.end()
})

void test('the text of a user-space program', (t) => {
  const record = recordOf(
    `type=USER_LOGIN ${STAMP} pid=7 uid=0 msg='op=adding user it's "x" acct=6261642075736572 uid=9 res=failed'`,
  )
  t.equal(record.message, `op=adding user it's "x" acct=6261642075736572 uid=9 res=failed`)
  t.same(pairsOf(record), ['pid=7', 'uid=0', 'op=adding', 'acct=6261642075736572', 'uid=9', 'res=failed'])
  t.same(
    record.fields().map(({ isNested }) => isNested),
    [false, false, true, true, true, true],
  )
  t.equal(record.get('uid'), '0', "the kernel's comes first, whatever a program says")
  t.equal(record.text('acct'), 'bad user')

  const cut = recordOf(`type=USER_CMD ${STAMP} pid=7 msg='cwd="/" cmd=6C73`)
  t.equal(cut.message, 'cwd="/" cmd=6C73')
  t.equal(cut.text('cmd'), 'ls')
  t.same(pairsOf(recordOf(`type=USER ${STAMP} msg='msg='a=b' c=d`)), ["msg='a=b", 'c=d'], 'nothing nests twice')
  t.equal(recordOf(`type=USER ${STAMP} msg='`).message, '')
  t.equal(recordOf(`type=USER ${STAMP} msg=''`).message, '')
  t.end()
})

void test('the name of a field decides whether it is hex', (t) => {
  const text = (type: string, field: string): string | undefined => {
    const record = recordOf(`type=${type} ${STAMP} ${field}`)
    return record.text(field.slice(0, field.indexOf('=')))
  }
  t.equal(text('PATH', 'name=2F746D702F6120C3A9'), '/tmp/a é')
  t.equal(text('PATH', 'name="2F746D70"'), '2F746D70', 'quoted is as it stands')
  t.equal(text('PATH', 'name=2F746D7'), '2F746D7', 'an odd number of digits is none of ours')
  t.equal(text('PATH', 'name=2f746d70'), '2f746d70', 'audit writes capitals')
  t.equal(text('PATH', 'name=(null)'), '(null)')
  t.equal(text('PATH', 'name='), '')
  t.equal(text('PATH', 'inode=123456'), '123456', 'a number is no text')
  t.equal(text('USER_LOGIN', 'addr=ABCD'), 'ABCD')
  t.equal(text('SYSCALL', 'comm=4142'), 'AB', 'a bare word which looks like hex is hex: audit quotes words')
  t.equal(text('SYSCALL', 'a0=4142'), '4142', 'the argument of a system call')
  t.equal(text('EXECVE', 'a0=4142'), 'AB', 'the argument of a program')
  t.equal(text('EXECVE', 'a12[3]=4142'), 'AB')
  t.equal(text('EXECVE', 'a1_len=4142'), '4142')
  t.equal(text('TTY', 'data=6C730A'), 'ls\n')
  t.equal(text('USER_TTY', 'data=6C730A'), 'ls\n')
  t.equal(text('PATH', 'data=6C73'), '6C73')
  t.equal(text('SOCKADDR', 'saddr=0200'), '0200', 'an address is no text')
  t.end()
})

void test('bytes', (t) => {
  const line = Buffer.from(`type=USER ${STAMP} name=FF00 saddr=02000050 exe="/\xff" ino=10 msg='\xfe x=\xfd'`, 'latin1')
  const record = recordOf(line)
  const bytes = (key: string): string | undefined => record.field(key)?.bytes.toString('hex')
  t.equal(bytes('name'), 'ff00')
  t.equal(record.text('name'), '\ufffd\0')
  t.equal(bytes('saddr'), '02000050')
  t.equal(bytes('exe'), '2fff')
  t.equal(record.text('exe'), '/\ufffd')
  t.equal(bytes('ino'), '3130')
  t.equal(bytes('x'), 'fd')
  t.equal(record.message, '\ufffd x=\ufffd')
  t.end()
})

void test('keys of rules, and the arguments in a title', (t) => {
  const keys = (field: string): readonly string[] => recordOf(`type=SYSCALL ${STAMP} a=b ${field}`).ruleKeys()
  t.same(keys('key="exec"'), ['exec'])
  t.same(keys('key=6578656301726F6F74'), ['exec', 'root'])
  t.same(keys('key=(null)'), [])
  t.same(keys('key="(null)"'), ['(null)'])
  t.same(keys(''), [])

  const title = (field: string): readonly string[] | undefined =>
    recordOf(`type=PROCTITLE ${STAMP} ${field}`).titleArguments()
  t.same(title('proctitle="bash"'), ['bash'])
  t.same(title('proctitle=6C73002D6C0000C3A9'), ['ls', '-l', '', 'é'])
  t.same(title('proctitle=6C73002D6C00'), ['ls', '-l'])
  t.equal(title('comm="x"'), undefined)
  t.end()
})

void test('the enriched part', (t) => {
  const record = recordOf(
    `type=SYSCALL ${STAMP} arch=c000003e uid=0 UID=7\x1dARCH=x86_64 SYSCALL=write AUID=C3A9 UID="root" ` +
      'SADDR={ saddr_fam=inet laddr=::1 lport=9 } OLD-AUID="unset" ID="x\x1dy"',
  )
  t.equal(record.body, 'arch=c000003e uid=0 UID=7')
  t.same(pairsOf(record), ['arch=c000003e', 'uid=0', 'UID=7'])
  t.same(
    record.enrichedFields().map(({ key }) => key),
    ['ARCH', 'SYSCALL', 'AUID', 'UID', 'SADDR', 'OLD-AUID', 'ID'],
  )
  t.equal(record.enriched('SYSCALL'), 'write')
  t.equal(record.enriched('UID'), 'root')
  t.equal(record.enriched('AUID'), 'é', 'names of users are encoded')
  t.equal(record.enriched('SADDR'), '{ saddr_fam=inet laddr=::1 lport=9 }')
  t.equal(record.enriched('ID'), 'x\x1dy', 'only the first separator is one')
  t.equal(record.enriched('EUID'), undefined)
  t.equal(recordOf(`type=SYSCALL ${STAMP} uid=0`).enriched('UID'), undefined)
  t.equal(recordOf(`type=SYSCALL ${STAMP} uid=0\x1d`).enriched('UID'), undefined)
  t.equal(recordOf(`type=SYSCALL ${STAMP} \x1dSADDR={ cut`).enriched('SADDR'), '{ cut')
  t.equal(recordOf(`type=SYSCALL ${STAMP} \x1dSYSCALL=4142`).enriched('SYSCALL'), '4142')
  t.end()
})

// Written another way than the reader: it knows only what well-formed records hold.
function expectedPairs(line: string): string[] {
  const [kept = ''] = line.split('\x1d')
  const [, body = ''] = /^.*? msg=audit\([^)]*\):? ?(.*)$/s.exec(kept) ?? []
  const [, kernel = '', program = '', rest = ''] = /^(.*?)\bmsg='(.*)'(.*)$/s.exec(body) ?? ['', body]
  return [...`${kernel} ${program} ${rest}`.matchAll(/(?<=^| )([^ =]+)=(?:"([^"]*)(?:"|$)|([^ ]*))/g)].map(
    ([, key, quoted, bare]) => `${key}=${quoted ?? bare}`,
  )
}

void test('every record that auditd wrote', (t) => {
  for (const name of RECORDED_LINES) {
    const lines = recordedLines(name)
    t.ok(lines.length > 2000, name)
    const wrong = lines.filter((line) => {
      const latin1 = line.toString('latin1')
      const read = pairsOf(recordOf(line)).join('\n')
      // One record was cut by the kernel in the middle of what a program said.
      const closed =
        latin1.includes(" msg='") && !latin1.includes("'", latin1.indexOf(" msg='") + 6) ? `${latin1}'` : latin1
      return Buffer.from(expectedPairs(closed).join('\n'), 'latin1').toString('utf8') !== read
    })
    t.same(wrong.map(String), [], name)
  }
  t.end()
})

void test('a record of hostile text is read in time that grows with its length', (t) => {
  // Long enough that a reader which went over the rest again for each field would not come to an end.
  const LENGTH = 512 * 1024
  for (const piece of [
    '"',
    '=',
    'a=',
    ' ',
    'a ',
    'a="',
    'a=" ',
    'a="b"',
    'a={ ',
    "'",
    "msg='",
    "msg=' ",
    '\x1d',
    '\x1da={',
    'A',
  ]) {
    const text = piece.repeat(Math.ceil(LENGTH / piece.length))
    for (const before of ['', 'name=', "msg='", '\x1d', '\x1dUID=']) {
      const record = recordOf(`type=EXECVE ${STAMP} ${before}${text}`)
      for (const field of record.fields()) record.get(field.key)
      for (const field of record.enrichedFields()) record.enriched(field.key)
      t.type(`${record.ruleKeys().length} ${record.text('name')?.length}`, 'string')
    }
    t.equal(readRecord(text), undefined)
    t.equal(readRecord(`node=${text}`), undefined)
    t.equal(readRecord(`type=${text}`), undefined)
  }
  t.end()
})

void test('nothing throws, and no field leaves its record', (t) => {
  const piece = fc.constantFrom(
    ' ',
    '=',
    '"',
    "'",
    'msg=',
    "msg='",
    '\x1d',
    'a',
    '{ ',
    ' }',
    'key',
    'F',
    '\xff',
    '\0',
    'name=',
    'a0',
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40, size: 'max' }), (pieces) => {
        const body = pieces.join('')
        const record = recordOf(Buffer.from(`type=EXECVE ${STAMP} ${body}`, 'latin1'))
        let at = 0
        for (const field of record.fields()) {
          const written = `${Buffer.from(field.key).toString()}=`
          const bodyText = Buffer.from(body, 'latin1').toString('utf8')
          const found = bodyText.indexOf(written, at)
          if (found === -1 || !bodyText.includes(field.value, found)) return false
          at = found + written.length
        }
        return [record.text('name'), ...record.ruleKeys()].length > 0
      }),
      { numRuns: 3000, seed: 7 },
    ),
  )
  t.end()
})
