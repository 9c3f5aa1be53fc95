import type { Clock } from '../../src/remote/ports.js'

/** Calls again and again, until the result is called. */
export function every(clock: Clock, ms: number, call: () => void): () => void {
  let stop = (): void => {}
  const arm = (): void => {
    stop = clock.after(ms, () => {
      arm()
      call()
    })
  }
  arm()
  return () => {
    stop()
  }
}
