// A record as plugins of every kind should see it, built without the code under test.

import { exactFrame, LONGEST_PAYLOAD, type WireRecord } from '../protocol/wire.js'

export const SYSCALL = 1300
export const PATH = 1302
export const TRUSTED_APP = 1121
export const NAMELESS = 9999
const UNKNOWN = 0xffffffff
export const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [SYSCALL, 'SYSCALL'],
  [PATH, 'PATH'],
  [TRUSTED_APP, 'TRUSTED_APP'],
  [NAMELESS, 'UNKNOWN[9999]'],
])

/** A record as all four kinds of plugin see it. */
export interface Seen {
  readonly type: number
  readonly node: string
  /** `auditd`, `self`, or a plugin's name. */
  readonly source: string
  readonly line: Buffer
  /** None when it is too long for one. */
  readonly frame: Buffer | undefined
}

export function seenFrame(record: WireRecord, node: string): Seen {
  const named = /^node=(\S+) /.exec(record.payload.toString('latin1'))?.[1] ?? ''
  return {
    type: record.type,
    node: record.version === 1 ? named : node,
    source: 'auditd',
    line: lineOf(record, node),
    frame: exactFrame(record),
  }
}

export function seenLine(line: Buffer, source: string): Seen {
  const [, node = '', name = ''] = /^(?:node=(\S+) )?type=(\S+)/.exec(line.toString('latin1')) ?? []
  const type = [...TYPE_NAMES].find(([, known]) => known === name)?.[0] ?? UNKNOWN
  const payload = line.subarray(0, -1)
  const frame = payload.length > LONGEST_PAYLOAD ? undefined : exactFrame({ version: 1, type, payload })
  return { type, node, source, line, frame }
}

/** The line for a frame, as auditd would write it. */
function lineOf({ version, type, payload }: WireRecord, node: string): Buffer {
  const text = payload
    .toString('latin1')
    .replace(/\0+$/, '')
    .replaceAll(/[\0\n]/g, ' ')
  const head = version === 1 ? '' : `${node === '' ? '' : `node=${node} `}type=${TYPE_NAMES.get(type)} msg=`
  return Buffer.from(`${head}${text}\n`, 'latin1')
}
