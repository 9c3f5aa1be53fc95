// What is compared of plugins that speak the line protocol. One that does nothing but acknowledge, written with the SDK,
// beside string plugins that do nothing but count: in C, and in Node, which is the fair peer. And several of them with
// selectors beside one that gets everything.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { audispd } from './audispd.js'
import { nodePlugin, type Consumer, type PluginPlan } from './consumer.js'
import type { RateCase } from './rate-cases.js'
import { LINE_BYTES, RECORDS_IN_64_KIB } from './stream.js'
import type { Workshop } from './workshop.js'

export const PROTOCOL = 'protocol, SDK'
export const STRING_C = 'string, C'
export const STRING_NODE = 'string, Node'
export const ONE = '1, everything'
export const FOUR = '4, apart'
export const FOUR_OVERLAPPING = '4, overlapping'

/** Each record goes to one of them, those of two types to two. */
const APART = ['type=SYSCALL', 'type=PATH', '!type=SYSCALL,PATH', 'source=auditd type=EOE,PROCTITLE']
/** Each record goes to all of them, but for those of three types, which one of them does not want. */
const OVERLAPPING = ['!type=EOE', '!type=CWD', '!type=PROCTITLE', 'source=auditd']

export const PROTOCOL_WRITES = [1, RECORDS_IN_64_KIB] as const

export interface ProtocolSubject {
  readonly recordsAWrite: number
  readonly jitless: boolean
  readonly subject: string
}

/** One plugin, whatever it is. */
export function keepUpCases(workshop: Workshop): RateCase<ProtocolSubject>[] {
  return ways().flatMap((way) => [
    {
      row: { ...way, subject: STRING_C },
      open: (dir) => counted(dir, way, (file) => ({ program: workshop.sink(file), format: 'string' })),
    },
    {
      row: { ...way, subject: STRING_NODE },
      open: (dir) =>
        counted(dir, way, (file) => ({ program: nodePlugin('count', file), format: 'string', saysReady: true })),
    },
    { row: { ...way, subject: PROTOCOL }, open: (dir) => audispd({ dir, ...way, plugins: [acknowledger()] }) },
  ])
}

/** Records of several types, and plugins that do not all want all of them. */
export function selectorCases({ mixedStreamPath }: Workshop): RateCase<ProtocolSubject>[] {
  return ways().flatMap((way) =>
    [
      { subject: ONE, plugins: [acknowledger()] },
      { subject: FOUR, plugins: APART.map(acknowledger) },
      { subject: FOUR_OVERLAPPING, plugins: OVERLAPPING.map(acknowledger) },
    ].map(({ subject, plugins }) => ({
      row: { ...way, subject },
      open: (dir) => audispd({ dir, ...way, plugins }),
      streamPath: mixedStreamPath,
    })),
  )
}

export function acknowledger(subscribe?: string): PluginPlan {
  const plan = { program: nodePlugin('acknowledge'), format: 'protocol', saysReady: true } as const
  return subscribe === undefined ? plan : { ...plan, subscribe }
}

function ways(): Omit<ProtocolSubject, 'subject'>[] {
  return PROTOCOL_WRITES.flatMap((recordsAWrite) => [false, true].map((jitless) => ({ recordsAWrite, jitless })))
}

/** What the ledger calls delivered to a string plugin is also looked for in what that plugin has counted. */
function counted(dir: string, { jitless }: { jitless: boolean }, plugin: (file: string) => PluginPlan): Consumer {
  const file = join(dir, 'bytes')
  const consumer = audispd({ dir, jitless, plugins: [plugin(file)] })
  return {
    ...consumer,
    arrival: async (sent, log) => {
      const told = await consumer.arrival(sent, log)
      const lost = sent - Number(readFileSync(file, 'utf8')) / LINE_BYTES
      return lost === 0 ? told : { kind: 'lost', lost, of: sent }
    },
  }
}
