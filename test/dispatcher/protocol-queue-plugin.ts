// A plugin of the line protocol as it sees the bytes it is given: it knows nothing of queues and models, only of the contract.

import assert from 'node:assert/strict'

/** What all processes of one plugin know together. */
export class Memory {
  /** The lines of the records that were offered, by seq. */
  readonly offered = new Map<number, Buffer>()
  /** Lost, as it was told. */
  readonly told = new Map<number, string>()
  /** Acknowledged, or read whole by a process that does not do that; in which process, and up to which byte it may have begun. */
  readonly done = new Map<number, { readonly process: ProtocolPlugin | undefined; readonly to: number }>()
}

interface Line {
  readonly end: number
  readonly seqs: readonly number[]
}

/** One process of it. */
export class ProtocolPlugin {
  readonly #memory: Memory
  /** The lines that were sent beside the records. */
  readonly #controls: string[] = []
  readonly #lines: Line[] = []
  #pending: Buffer = Buffer.alloc(0)
  #lineStart = 0
  /** The last that this process got whole. */
  lastSeq = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  expects(control: string): void {
    this.#controls.push(control)
  }

  /** Bytes have been written to it. */
  take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes])
    for (let lf = this.#pending.indexOf('\n'); lf !== -1; lf = this.#pending.indexOf('\n')) {
      const line = this.#pending.subarray(0, lf + 1)
      this.#pending = this.#pending.subarray(lf + 1)
      this.#takeLine(line)
      this.#lineStart += line.length
    }
  }

  /** It acknowledges; what begins before `to` may still be on its way. */
  acked(from: number, seq: number, to: number): void {
    for (let each = from; each <= seq; each++) {
      if (this.#memory.offered.has(each)) this.#memory.done.set(each, { process: this, to })
    }
  }

  /** It has gone, not having acknowledged anything: what it had read is not to come again. */
  readOnly(read: number): void {
    for (const { end, seqs } of this.#lines) {
      if (end <= read) for (const seq of seqs) this.#memory.done.set(seq, { process: undefined, to: 0 })
    }
  }

  #takeLine(line: Buffer): void {
    const [verb = '', ...fields] = line.toString('latin1', 0, 60).trimEnd().split(' ')
    if (verb === 'RECORD') this.#takeRecord(Number(fields[0]), line)
    else if (verb === 'LOST') this.#takeLost(fields)
    else assert.equal(line.toString(), this.#controls.shift(), 'what is sent beside the records, in its order')
  }

  #takeRecord(seq: number, line: Buffer): void {
    this.#rises(seq, seq)
    const offered = this.#memory.offered.get(seq)
    assert.ok(offered?.equals(line), `record ${seq} as it came`)
    const done = this.#memory.done.get(seq)
    const wasOnItsWay = done?.process === this && this.#lineStart < done.to
    assert.ok(done === undefined || wasOnItsWay, `record ${seq} is not repeated`)
    assert.ok(!this.#memory.told.has(seq), `record ${seq} was told to be lost`)
    this.#lines.push({ end: this.#lineStart + line.length, seqs: [seq] })
  }

  #takeLost([count = '', first = '', last = '', reason = '']: readonly string[]): void {
    this.#rises(Number(first), Number(last))
    const seqs: number[] = []
    for (let seq = Number(first); seq <= Number(last); seq++) if (this.#memory.offered.has(seq)) seqs.push(seq)
    if (reason !== 'input-gap') assert.equal(Number(count), seqs.length, `LOST ${count} ${first} ${last} ${reason}`)
    const isDense = Number(count) === Number(last) - Number(first) + 1
    for (const seq of seqs) {
      const done = this.#memory.done.get(seq)
      const wasOnItsWay = done?.process === this && this.#lineStart < done.to
      assert.ok(!isDense || done === undefined || wasOnItsWay, `${seq} is safe, and told to be lost`)
      assert.ok([undefined, reason].includes(this.#memory.told.get(seq)), `${seq} is lost for one reason`)
      this.#memory.told.set(seq, reason)
    }
    this.#lines.push({ end: Infinity, seqs: [] })
  }

  #rises(first: number, last: number): void {
    assert.ok(first > this.lastSeq && last >= first, `${first} to ${last} after ${this.lastSeq}`)
    this.lastSeq = last
  }
}
