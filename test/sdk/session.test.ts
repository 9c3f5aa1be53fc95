// Whatever is sent, in whatever pieces, to a plugin that takes whatever time: what is acknowledged is done, and at the end all
// is done and acknowledged.

import * as fc from 'fast-check'
import { test } from 'tap'
import { testPlugin, type PluginDefinition } from '../../src/sdk/index.js'

type Step =
  | { readonly kind: 'records'; readonly count: number; readonly skip: number }
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'reload' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'comment' }
  | { readonly kind: 'turns'; readonly count: number }

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('records' as const), count: fc.integer({ min: 1, max: 5 }), skip: fc.nat(2) }),
    fc.record({ kind: fc.constant('lost' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('reload' as const) }),
    fc.record({ kind: fc.constant('ping' as const) }),
    fc.record({ kind: fc.constant('comment' as const) }),
    fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 3 }) }),
  ),
  { maxLength: 25 },
)

interface Script {
  readonly steps: readonly Step[]
  /** Sizes of the pieces in which it is written, again and again. */
  readonly pieces: readonly number[]
  /** For how many turns of the event loop each handler works, again and again; 0 returns at once. */
  readonly works: readonly number[]
  readonly ends: 'stop' | 'end' | 'term'
}

const SCRIPT: fc.Arbitrary<Script> = fc.record({
  steps: STEPS,
  pieces: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
  works: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
  ends: fc.constantFrom('stop', 'end', 'term'),
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** What went wrong, or ''. */
async function played({ steps, pieces, works, ends }: Script): Promise<string> {
  const begun: string[] = []
  const done: string[] = []
  const troubles: string[] = []
  let isWorking = false
  let calls = 0
  let doneSeq = 0

  const work = (seq: number, tell: string[]): void | Promise<void> => {
    if (isWorking) troubles.push('two handlers at once')
    isWorking = true
    begun.push(...tell)
    const finish = (): void => {
      isWorking = false
      done.push(...tell)
      doneSeq = Math.max(doneSeq, seq)
    }
    const time = works[calls++ % works.length] ?? 0
    if (time === 0) finish()
    else return turns(time).then(finish)
  }
  const plugin: PluginDefinition = {
    records: (batch) =>
      work(
        batch.last,
        Array.from(batch, ({ seq, text }) => `${seq} ${text}`),
      ),
    lost: ({ first, last }) => work(last, [`lost ${first}-${last}`]),
    reload: () => work(0, ['reload']),
  }
  const dispatcher = testPlugin(plugin, { hello: { next: 1_000_000 } })
  dispatcher.acks.push = (seq: number) => {
    if (seq > doneSeq) troubles.push(`ACK ${seq} when only ${doneSeq} was done`)
    return Array.prototype.push.call(dispatcher.acks, seq)
  }
  await dispatcher.until(() => dispatcher.ready !== undefined)

  const expected: string[] = []
  let seq = 0
  let pings = 0
  let piece = 0
  let wire = ''
  const flush = (): void => {
    while (wire !== '') {
      const size = pieces[piece++ % pieces.length] ?? 1
      dispatcher.write(wire.slice(0, size))
      wire = wire.slice(size)
    }
  }
  for (const step of steps) {
    switch (step.kind) {
      case 'records':
        for (let index = 0; index < step.count; index++) {
          seq += 1 + step.skip
          wire += `RECORD ${seq} r${seq}\n`
          expected.push(`${seq} r${seq}`)
        }
        break
      case 'lost':
        wire += `LOST ${step.count} ${seq + 1} ${seq + step.count} failed\n`
        expected.push(`lost ${seq + 1}-${seq + step.count}`)
        seq += step.count
        break
      case 'reload':
        wire += 'RELOAD\n'
        expected.push('reload')
        break
      case 'ping':
        wire += `PING ${++pings}\n`
        break
      case 'comment':
        wire += '\n# RECORD 1 x\n'
        break
      case 'turns':
        flush()
        await turns(step.count)
        break
      default:
        step satisfies never
    }
  }
  flush()
  if (ends === 'term') dispatcher.signal('SIGTERM')
  const status = await (ends === 'term' ? dispatcher.status : dispatcher[ends]())
  if (status !== 0) troubles.push(`exit status ${status}: ${dispatcher.complaints}`)
  troubles.push(...dispatcher.violations)
  if (begun.join() !== done.join()) troubles.push('what was begun was not finished')
  if (ends === 'term') {
    if (expected.slice(0, done.length).join() !== done.join()) troubles.push(`took ${done.join()}`)
  } else {
    if (expected.join() !== done.join()) troubles.push(`took ${done.join()} and not ${expected.join()}`)
    if (dispatcher.pongs.length !== pings) troubles.push(`${dispatcher.pongs.length} of ${pings} PONGs`)
  }
  if (dispatcher.acked !== doneSeq) troubles.push(`acknowledged ${dispatcher.acked}, done ${doneSeq}`)
  return troubles.join('; ')
}

void test('what is acknowledged is done, in its order, and at the end all is', async (t) => {
  await fc.assert(
    fc.asyncProperty(SCRIPT, async (script) => {
      const troubles = await played(script)
      if (troubles !== '') throw new Error(troubles)
    }),
    { numRuns: 300 },
  )
  t.pass('300 scripts')
})
