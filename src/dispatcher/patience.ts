/** A plugin that has acknowledged nothing for this long holds no input plugin up. */
export const PATIENCE_MS = 10_000

/** How long a plugin has had something to acknowledge without doing it. */
export class Patience {
  #sinceMs = 0
  #ackedSeq = 0
  #holds = false

  /** `holds`: it has something to acknowledge; `ackedSeq`: how far it has come. Asked whenever either may have changed. */
  note(holds: boolean, ackedSeq: number, nowMs: number): void {
    if (holds && (!this.#holds || ackedSeq !== this.#ackedSeq)) this.#sinceMs = nowMs
    this.#holds = holds
    this.#ackedSeq = ackedSeq
  }

  /** For how long. */
  silentMs(nowMs: number): number {
    return this.#holds ? nowMs - this.#sinceMs : 0
  }

  isOver(nowMs: number): boolean {
    return this.silentMs(nowMs) >= PATIENCE_MS
  }
}
