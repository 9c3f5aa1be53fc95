/** A promise, and what settles it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((whenResolved, whenRejected) => {
    resolve = whenResolved
    reject = whenRejected
  })
  return { promise, resolve, reject }
}

/** Whoever does not wait for the promise does not die of its rejection. */
export function unminded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {
    // The very promise that is returned tells whoever asks; this copy of it is there for nobody.
  })
  return promise
}
