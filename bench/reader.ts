// reader.c for machines without a C compiler: its comment explains the arguments.

import { readSync, renameSync, writeFileSync } from 'node:fs'

const STDIN = 0
const READ_BYTES = 128 * 1024
const MARK_BYTES = 'stamp='.length + 20
const EXIT_USAGE = 64

const [role, path] = process.argv.slice(2)
if (role === 'stamp' && path !== undefined) stamp(path)
else if (role === 'sink' && path !== undefined) sink(path)
else process.exitCode = EXIT_USAGE

function stamp(file: string): void {
  const notes: string[] = []
  let held = ''
  readAll((bytes) => {
    const arrived = process.hrtime.bigint()
    held += bytes.toString('latin1')
    const marks = [...held.matchAll(/stamp=(\d{20})/g)]
    for (const [, sent = ''] of marks) notes.push(`${sent} ${arrived}\n`)
    // A mark may lie across two reads.
    const last = marks.at(-1)
    const done = last === undefined ? 0 : last.index + MARK_BYTES
    held = held.slice(Math.max(done, held.length - MARK_BYTES))
  })
  writeWhole(file, notes.join(''))
}

function sink(file: string): void {
  let total = 0
  readAll((bytes) => {
    total += bytes.length
  })
  writeWhole(file, `${total}\n`)
}

function readAll(onBytes: (bytes: Buffer) => void): void {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  for (let count = readSync(STDIN, buffer); count > 0; count = readSync(STDIN, buffer))
    onBytes(buffer.subarray(0, count))
}

/** Under its own name only when it is whole, as somebody may be waiting for it. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.part`, text)
  renameSync(`${file}.part`, file)
}
