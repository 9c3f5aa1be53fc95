/** Makes of many calls one of `run`, once whatever else is due has been done. */
export function later(run: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      run()
    })
  }
}
