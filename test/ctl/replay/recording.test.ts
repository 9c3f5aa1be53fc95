import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'tap'
import { CtlError } from '../../../src/ctl/ctl-error.js'
import { bytesOf, recordedFiles } from '../../../src/ctl/replay/recording.js'

function log(second: number): string {
  return `type=CWD msg=audit(${second}.000:${second}): cwd="/"\n`.repeat(3)
}

async function whole(path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of bytesOf(path)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

void test('the oldest goes first, whatever the files are called and however they are packed', async (t) => {
  const dir = t.testdir({
    'audit.log': log(500),
    'audit.log.1': log(400),
    'audit.log.10': log(100),
    'audit.log-20261101': log(50),
    'audit.log.2.gz': '',
    'audit.log.3': '',
    'other.log': log(1),
  })
  writeFileSync(join(dir, 'audit.log.2.gz'), gzipSync(log(300)))
  // Not the time of the file, which a copy changes.
  utimesSync(join(dir, 'audit.log'), 1, 1)
  const files = await recordedFiles([dir])
  t.same(
    files.map(({ path }) => path.slice(dir.length + 1)),
    ['audit.log-20261101', 'audit.log.10', 'audit.log.2.gz', 'audit.log.1', 'audit.log', 'audit.log.3'],
  )
  t.equal(await whole(join(dir, 'audit.log.2.gz')), log(300))
  t.equal(files[0]?.bytes, log(50).length)
})

void test('several members in one gzip, and one that is cut', async (t) => {
  const packed = gzipSync(log(300))
  const dir = t.testdir({ two: '', cut: '' })
  writeFileSync(join(dir, 'two'), Buffer.concat([packed, packed]))
  writeFileSync(join(dir, 'cut'), packed.subarray(0, packed.length - 12))
  t.equal(await whole(join(dir, 'two')), log(300).repeat(2))
  await t.rejects(whole(join(dir, 'cut')), CtlError)
})

void test('what cannot be read is said', async (t) => {
  const dir = t.testdir({ empty: {}, xz: '\u00fd7zXZ rest', file: log(1) })
  writeFileSync(join(dir, 'xz'), Buffer.from('fd377a585a000004', 'hex'))
  await t.rejects(recordedFiles([join(dir, 'absent')]), /absent/)
  await t.rejects(recordedFiles([join(dir, 'empty')]), /holds no audit.log/)
  await t.rejects(recordedFiles([join(dir, 'xz')]), /xzcat FILE \| audispctl replay -/)
  await t.rejects(recordedFiles(['-', join(dir, 'file')]), /goes alone/)
  t.same(await recordedFiles(['-']), [{ path: '-', bytes: 0 }])
})
