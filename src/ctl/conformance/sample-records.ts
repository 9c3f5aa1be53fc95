// The records that the kit sends: some hundred of a recorded stream, and the odd ones that a plugin meets once a year.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { endsEvent, EOE } from '../../protocol/event-end.js'
import { LONGEST_LINE_BYTES } from '../../protocol/line.js'
import { recordTypeNumber } from '../../protocol/record-type.js'

/** Comes with the package, beside build/. */
const RECORDED = resolve(import.meta.dirname, '../../../../share/conformance/records.txt')
const EVENT = /^((?:node=[^ ]+ )?)type=([^ ]+) (msg=audit\([^)]*\)):/
/** Names of nodes and types are short. */
const LOOKED_AT_BYTES = 1024
const LF = 0x0a
const NUL = 0x00
/** What readers that decode take for the end of a line, in latin1 and in UTF-8. */
const FALSE_ENDS = ['\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\x85', '\xc2\x85', '\xe2\x80\xa8', '\xe2\x80\xa9']
const HEAD = 'type=USER_CMD msg=audit(1795288154.100:7): '

/** Recorded from a real auditd: with node names and without, enriched and raw, with the ends of events. */
export function recordedRecords(): Buffer[] {
  const bytes = readFileSync(RECORDED)
  const records: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(LF, at)
    records.push(bytes.subarray(at, end))
    at = end + 1
  }
  return records
}

/** A record of our own making. */
export function record(text: string): Buffer {
  return Buffer.from(`${HEAD}${text}`, 'latin1')
}

/** One that fills `lineBytes` together with what stands before it in its line, and the LF. */
export function recordThatFills(before: string, lineBytes = LONGEST_LINE_BYTES): Buffer {
  const begun = record('cmd=')
  return Buffer.concat([begun, Buffer.alloc(lineBytes - before.length - begun.length - 1, 'a')])
}

/**
 * Each breaks a reader that decodes, trims, splits at more than LF, or takes the text for a pattern or a format. Behind
 * what is no end of a line stands what would be obeyed if it were one. The last record ends in a backslash.
 */
export function oddRecords(): Buffer[] {
  const everyByte = Buffer.from(
    Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== LF && byte !== NUL),
  )
  return [
    Buffer.concat([record('cmd='), everyByte]),
    record('\xff\xfe\x80\xc3 invalid UTF-8'),
    record('cut in the middle of a character \xe2\x82'),
    record('ends with CR\r'),
    record('CR\rin the middle, tab\tas well, and \x0b\x0c'),
    record('percent signs %s %d %n %25 %'),
    record('quotes " \' ` and $HOME $(date) *?[a-z]'),
    record('blanks at the end   '),
    Buffer.from('   blanks before'),
    record('old separators \x1c\x1d\x1e\x85\xa0'),
    record('line separators of Unicode \xe2\x80\xa8\xe2\x80\xa9'),
    Buffer.from('-n -e looks like options'),
    Buffer.from('STOP'),
    Buffer.from('# looks like a comment'),
    Buffer.from('RECORD 999999 looks like a line'),
    ...FALSE_ENDS.map((end) => record(`cmd=x${end}RECORD ${Number.MAX_SAFE_INTEGER} y`)),
    ...FALSE_ENDS.map((end) => record(`cmd=x${end}STOP`)),
    record('backslashes \\n \\0 \\\\ \\x41 and one at the end \\'),
  ]
}

/** With the ends of all events that they leave open: who takes whole events acknowledges none before its end. */
export function withEnds(records: readonly Buffer[]): Buffer[] {
  const open = new Set<string>()
  for (const each of records) {
    const [, node = '', typeName = '', id = ''] = EVENT.exec(each.toString('latin1', 0, LOOKED_AT_BYTES)) ?? []
    const end = `${node}type=EOE ${id}: `
    const type = recordTypeNumber(typeName)
    if (type === EOE || endsEvent(type)) open.delete(end)
    else open.add(end)
  }
  return [...records, ...[...open].map((end) => Buffer.from(end, 'latin1'))]
}

/** As many as fill `bytes`. */
export function manyRecords(bytes: number): Buffer[] {
  const recorded = recordedRecords()
  const records: Buffer[] = []
  for (let filled = 0, index = 0; filled < bytes; index++) {
    const next = recorded[index % recorded.length]
    if (next === undefined) throw new Error('there are no recorded records')
    records.push(next)
    filled += next.length
  }
  return records
}
