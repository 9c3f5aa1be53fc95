// A record that a plugin dies of would stop it for ever, as it comes again to every next process. So deaths are counted
// against the record that was first in line and had been read at least in part: it is sent alone after three of them, in
// case that it was one of those behind it, and lost to this plugin after the fourth.

const DEATHS_UNTIL_ALONE = 3

type Suspicion = { readonly kind: 'none' } | { readonly kind: 'watched'; readonly seq: number; readonly deaths: number }

const NONE: Suspicion = { kind: 'none' }

export class Suspect {
  #suspicion: Suspicion = NONE
  /** The record that the last process was at when it went, or 0. */
  #lastFirst = 0

  /** Nothing is to be sent behind the record that is first in line until that is settled. */
  get isAlone(): boolean {
    return this.#suspicion.kind === 'watched' && this.#suspicion.deaths >= DEATHS_UNTIL_ALONE
  }

  /** Everything up to `seq` is settled. */
  acked(seq: number): void {
    if (this.#suspicion.kind === 'watched' && this.#suspicion.seq <= seq) this.#suspicion = NONE
  }

  /** A process begins, with `seq` first in line: what was suspected may have been lost since. */
  begin(seq: number): void {
    if (this.#suspicion.kind === 'watched' && this.#suspicion.seq !== seq) this.#suspicion = NONE
  }

  /** A process has gone, with `seq` first in line and read; 0 when there was none. */
  end(seq: number): void {
    this.#lastFirst = seq
  }

  /** It had not been stopped, it died. Returns the seq of the record that is never to be sent any more, or 0. */
  countDeath(): number {
    const seq = this.#lastFirst
    if (seq === 0) return 0
    const known = this.#suspicion
    const deaths = known.kind === 'watched' && known.seq === seq ? known.deaths + 1 : 1
    const isPoison = deaths > DEATHS_UNTIL_ALONE
    this.#suspicion = isPoison ? NONE : { kind: 'watched', seq, deaths }
    return isPoison ? seq : 0
  }
}
