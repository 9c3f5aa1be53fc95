// A plugin whose part the test itself plays: it says what it is told to, and writes down what it hears. It speaks the line
// protocol unless its drop-in says otherwise.

import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { Test } from 'tap'
import type { Daemon } from './daemon.js'
import type { Place } from './place.js'
import { recordText } from './records.js'

export class Puppet {
  readonly name: string
  readonly #place: Place
  readonly #strings: number

  constructor(t: Test, place: Place, name: string, lines: readonly string[] = []) {
    this.name = name
    this.#place = place
    const fifo = place.fifo(`${name}.strings`)
    // Open for reading as well, so that it can be written to before anybody reads, and is never at its end.
    this.#strings = openSync(fifo, constants.O_RDWR)
    t.teardown(() => {
      closeSync(this.#strings)
    })
    this.dropIn(lines)
  }

  /** Writes its drop-in anew. */
  dropIn(lines: readonly string[]): void {
    const args = [this.#place.path(this.name), this.#place.path(`${this.name}.strings`)]
    const format = lines.some((line) => line.startsWith('format = ')) ? [] : ['format = protocol']
    this.#place.plugin(this.name, 'is-a-puppet.sh', args, [...format, 'restart_delay = 10ms..10ms', ...lines])
  }

  says(...lines: readonly string[]): void {
    for (const line of lines) writeSync(this.#strings, `${line}\n`)
  }

  /** Sends records first..last under their own numbers. */
  sends(first: number, last: number): void {
    for (let n = first; n <= last; n++) this.says(`RECORD ${n} ${recordText(n)}`)
  }

  /** The whole lines that it has heard, in all its processes. */
  get heard(): string[] {
    const text = this.#place.read(this.name).toString('latin1')
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1)
  }

  /** The seqs of the records among them. */
  get seqs(): number[] {
    return this.heard.filter((line) => line.startsWith('RECORD ')).map((line) => Number(line.split(' ')[1]))
  }

  /** It begins to speak. */
  async opens(daemon: Daemon, ready = 'READY 1'): Promise<void> {
    await this.hears(daemon, 'HELLO ')
    this.says(ready)
  }

  /** Waits until it has heard a line that begins so, `count` times; returns those. */
  async hears(daemon: Daemon, beginning: string, count = 1): Promise<string[]> {
    const found = (): string[] => this.heard.filter((line) => line.startsWith(beginning))
    await daemon.until(() => found().length >= count, `${this.name} hears ${beginning} ${count} times`)
    return found()
  }
}
