// Each rule of the protocol broken in a copy of the built files, to see whether the explorer notices: what it is to find, and after how
// many steps. A few mistakes change nothing, as another rule covers for the broken one; those are listed with that other rule.

import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { explore, Task } from './explorer.js'

export interface Patch {
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface Mutant {
  readonly name: string
  readonly patches: readonly Patch[]
  readonly tasks: readonly Task[]
  /** The invariant that is broken first, and after how many steps; or why none is. */
  readonly verdict: { readonly fault: string; readonly steps: number } | { readonly coveredBy: string }
}

const BUILD = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const DATA = 'src/remote/receiver-data.js'
const DESK = 'src/remote/receiver-desk.js'
const WELCOME = 'src/remote/receiver-handshake.js'
const STREAM = 'src/remote/sender-stream.js'
const COMPARE = 'src/remote/sender-handshake.js'
const SEARCH = 'src/remote/sender-search.js'
const CORE = 'src/remote/sender-core.js'
const SHELLS = 'test/models/explorer-shells.js'
const STEPS = 'test/models/explorer-steps.js'

const NO_BARRIER: Patch = { file: WELCOME, from: 'if (given.taken.seq > given.durable.seq)', to: 'if (false)' }
const ACK_WITHOUT_CHAIN: Patch = {
  file: STREAM,
  from: 'point.seq === ack.seq && ackChain(point.chain) === ackChain(ack.chain)',
  to: 'point.seq === ack.seq',
}
const START_NOT_COMPARED: Patch = {
  file: DATA,
  from: 'if (from - 1 !== taken?.seq || chain !== taken.chain)',
  to: 'if (false)',
}
const DATA_NOT_COMPARED: Patch = {
  file: DATA,
  from: 'if (firstSeq !== taken.seq + 1 || before !== taken.chain || count < 1)',
  to: 'if (firstSeq !== taken.seq + 1)',
}
const ONLY_NUMBERS: readonly Patch[] = [
  ACK_WITHOUT_CHAIN,
  DATA_NOT_COMPARED,
  { file: DATA, from: '|| chain !== taken.chain)', to: ')' },
  { file: COMPARE, from: 'if (own === last.chain)', to: 'if (true)' },
  { file: COMPARE, from: 'if (isPast || chain === end.chain)', to: 'if (true)' },
  {
    file: COMPARE,
    from: 'return beginSearch(next, up, timeline, end.seq, view, options);',
    to: 'return agree(next, link, timeline, { seq: last, chain }, view, options);',
  },
]
const SAME_ID: Patch = { file: STEPS, from: 'const stream = `s${world.streams + 1}`;', to: "const stream = 's1';" }

const CUT_AND_CRASHES: Task = { contents: 2, faults: { crashS: 1, crashR: 1, cut: 1 } }
const ROLL_BACK: Task = { contents: 3, faults: { rollS: 1, cut: 1 } }
const RESTORE: Task = { contents: 3, faults: { restR: 1, cut: 1 } }
const ROLL_BACK_AND_RESTORE: Task = { contents: 3, faults: { rollS: 1, restR: 1 } }
const CLONE: Task = { contents: 2, faults: { cloneS: 1 } }
const WIPE: Task = { contents: 2, faults: { wipeS: 1, crashR: 1, cut: 1 } }
const ALL: readonly Task[] = [CUT_AND_CRASHES, ROLL_BACK, RESTORE, CLONE, WIPE]

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'ACK before the commit',
    patches: [
      { file: DESK, from: 'ack(session, { durable }) {', to: 'ack(session, { taken: durable }) {' },
      {
        file: DATA,
        from: "return desk.do({ kind: 'take',",
        to: "desk.ack({ ...session, used }, desk.streamOf(session));\n    return desk.do({ kind: 'take',",
      },
    ],
    tasks: [CUT_AND_CRASHES],
    verdict: { fault: 'I4', steps: 7 },
  },
  {
    name: 'freed when it is sent',
    patches: [
      {
        file: STREAM,
        from: "[{ kind: 'send-blocks', count }]",
        to: "[{ kind: 'send-blocks', count }, { kind: 'acked', point: { seq: sent.at(-1).seq, chain: sent.at(-1).chain } }]",
      },
    ],
    tasks: [CUT_AND_CRASHES],
    verdict: { fault: 'I4', steps: 5 },
  },
  {
    name: 'acknowledged one too far',
    patches: [
      {
        file: STREAM,
        from: 'const acked = { seq: point.seq, chain: point.chain };',
        to: 'const acked = { seq: Math.min(point.seq + 1, view.spool.durable.seq), chain: point.chain };',
      },
    ],
    tasks: [CUT_AND_CRASHES],
    verdict: { fault: 'I4', steps: 10 },
  },
  {
    name: 'sent before it is durable',
    patches: [
      { file: STREAM, from: 'lastSeq > end)', to: 'false)' },
      { file: STREAM, from: 'step.isReading || step.next > timeline.end.seq ||', to: 'step.isReading ||' },
    ],
    tasks: [CUT_AND_CRASHES],
    verdict: { fault: 'I4', steps: 10 },
  },
  {
    name: 'sent before it is durable, and no chains',
    patches: [
      { file: STREAM, from: 'lastSeq > end)', to: 'false)' },
      { file: STREAM, from: 'step.isReading || step.next > timeline.end.seq ||', to: 'step.isReading ||' },
      ...ONLY_NUMBERS,
    ],
    tasks: [CUT_AND_CRASHES],
    verdict: { fault: 'I4', steps: 10 },
  },
  {
    name: 'no chains: a sender is rolled back',
    patches: ONLY_NUMBERS,
    tasks: [ROLL_BACK],
    verdict: { fault: 'I4', steps: 13 },
  },
  {
    name: 'no chains: a spool is wiped and has its old id',
    patches: [...ONLY_NUMBERS, SAME_ID],
    tasks: [WIPE],
    verdict: { fault: 'I4', steps: 12 },
  },
  {
    name: 'no chain in ACK, no barrier, and START is not compared',
    patches: [NO_BARRIER, ACK_WITHOUT_CHAIN, START_NOT_COMPARED],
    tasks: ALL,
    verdict: { fault: 'I4', steps: 16 },
  },
  {
    name: 'a SKIP leaves no HOLE',
    patches: [{ file: DATA, from: "return desk.do({ kind: 'skip',", to: "return void ({ kind: 'skip'," }],
    tasks: [RESTORE],
    verdict: { fault: 'I1', steps: 26 },
  },
  {
    name: 'acknowledged stays so when the receiver has less',
    patches: [
      {
        file: COMPARE,
        from: 'const acked = isComplete && state.acked.seq >= end.seq ? state.acked : last;',
        to: 'const acked = state.acked.seq >= last.seq ? state.acked : last;',
      },
    ],
    tasks: [RESTORE],
    verdict: { fault: 'I4', steps: 13 },
  },
  {
    name: 'forked from what was acknowledged',
    patches: [{ file: SEARCH, from: 'const fromSeq = low.seq + 1;', to: 'const fromSeq = state.acked.seq + 1;' }],
    tasks: [ROLL_BACK],
    verdict: { fault: 'I5', steps: 22 },
  },
  {
    name: 'forked from the last that both have',
    patches: [
      {
        file: SEARCH,
        from: 'const freed = view.spool.first - 1;',
        to: "const freed = view.spool.first - 1;\n    if (high > 0) return fork(searching, { seq: Math.min(high + 1, timeline.end.seq), chain: '' });",
      },
    ],
    tasks: [ROLL_BACK, CLONE],
    verdict: { fault: 'L1', steps: 40 },
  },
  {
    name: 'a fork keeps its id',
    patches: [
      {
        file: SHELLS,
        from: 'const forked = forkedAt(timelines, stream, asked.fromSeq);',
        to: 'const forked = timelines.slice(0, 1);',
      },
    ],
    tasks: [ROLL_BACK],
    verdict: { fault: 'L1', steps: 34 },
  },
  {
    name: 'a fork forgets what it was forked from',
    patches: [{ file: SHELLS, from: '...timelines.slice(0, isWhole ? at : at + 1),', to: '' }],
    tasks: [ROLL_BACK_AND_RESTORE],
    verdict: { fault: 'I4', steps: 23 },
  },
  {
    name: 'forked as soon as another one sends the stream',
    patches: [
      {
        file: WELCOME,
        from: 'return welcome(desk, options, waiting, given, acked);',
        to: "return welcome(desk, options, waiting, known?.owner === undefined ? given : { stream, durable: { seq: given.durable.seq + 1, chain: 'another' } }, acked);",
      },
    ],
    tasks: [CLONE],
    verdict: { fault: 'I5', steps: 17 },
  },
  {
    name: 'only the newest stream is compared at a handshake',
    patches: [
      { file: CORE, from: 'const [oldest] = view.spool.timelines;', to: 'const oldest = view.spool.timelines.at(-1);' },
    ],
    tasks: [ROLL_BACK_AND_RESTORE],
    verdict: { fault: 'I4', steps: 23 },
  },
  {
    name: 'a closed stream is forked when the receiver has more of it',
    patches: [{ file: COMPARE, from: 'if (last > end.seq && isClosed)', to: 'if (false)' }],
    tasks: [{ contents: 3, faults: { rollS: 1 } }],
    verdict: { fault: 'L1', steps: 46 },
  },
  {
    name: 'no barrier before WELCOME',
    patches: [NO_BARRIER],
    tasks: ALL,
    verdict: { coveredBy: 'START is compared with what was taken, and an ACK has a chain' },
  },
  {
    name: 'no chain in ACK',
    patches: [ACK_WITHOUT_CHAIN],
    tasks: ALL,
    verdict: { coveredBy: 'the barrier' },
  },
  {
    name: 'no chain in ACK and no barrier',
    patches: [ACK_WITHOUT_CHAIN, NO_BARRIER],
    tasks: ALL,
    verdict: { coveredBy: 'START is compared with what was taken' },
  },
  {
    name: 'DATA is not compared with what was taken',
    patches: [
      {
        file: DATA,
        from: 'if (firstSeq !== taken.seq + 1 || before !== taken.chain || count < 1)',
        to: 'if (false)',
      },
    ],
    tasks: ALL,
    verdict: { coveredBy: 'START is, and a connection keeps its order' },
  },
  {
    name: 'a wiped spool has its old id',
    patches: [SAME_ID],
    tasks: [WIPE],
    verdict: { coveredBy: 'chains' },
  },
  {
    name: 'WELCOME from what is not durable',
    patches: [
      {
        file: WELCOME,
        from: 'session, { stream, durable }, acked) {',
        to: 'session, { stream, taken: durable }, acked) {',
      },
    ],
    tasks: ALL,
    verdict: { coveredBy: 'the barrier' },
  },
]

/** The explorer on a copy with these mistakes, made in `dir`. Throws where a patch does not fit any more. */
export async function patchedExplorer(dir: string, patches: readonly Patch[]): Promise<typeof explore> {
  const filter = (path: string): boolean => !path.endsWith('.map') && !path.endsWith('.d.ts')
  for (const part of ['src/remote', 'src/journal', 'test/models'])
    cpSync(join(BUILD, part), join(dir, part), { recursive: true, filter })
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(process.cwd(), 'node_modules'), join(dir, 'node_modules'))
  for (const { file, from, to } of patches) {
    const text = readFileSync(join(dir, file), 'utf8')
    if (text.split(from).length !== 2) throw new Error(`${file} has not exactly one '${from}'`)
    writeFileSync(
      join(dir, file),
      text.replace(from, () => to),
    )
  }
  const copy: unknown = await import(pathToFileURL(join(dir, 'test/models/explorer.js')).href)
  if (!isExplorer(copy)) throw new Error('the copy has no explorer')
  return copy.explore
}

function isExplorer(module: unknown): module is { readonly explore: typeof explore } {
  return typeof module === 'object' && module !== null && 'explore' in module && typeof module.explore === 'function'
}
