/** Signals the daemon acts upon. */
export const HANDLED_SIGNALS = ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const
export type HandledSignal = (typeof HANDLED_SIGNALS)[number]

/**
 * Holds signals from the first moment until somebody handles them: loading the program takes a tenth of a second or more,
 * in which auditd's SIGHUP would kill it, and SIGUSR1 would open Node's debugger.
 */
export class EarlySignals {
  readonly #came: HandledSignal[] = []
  readonly #note = (signal: NodeJS.Signals): void => {
    const handled = HANDLED_SIGNALS.find((name) => name === signal)
    if (handled !== undefined) this.#came.push(handled)
  }

  constructor() {
    for (const signal of HANDLED_SIGNALS) process.on(signal, this.#note)
  }

  /** From now on `handlers` are called; first for what has come already. */
  handOver(handlers: Readonly<Record<HandledSignal, () => void>>): void {
    for (const signal of HANDLED_SIGNALS) {
      process.on(signal, handlers[signal])
      process.off(signal, this.#note)
    }
    for (const signal of this.#came.splice(0)) handlers[signal]()
  }
}
