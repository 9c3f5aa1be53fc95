// Node opens its debugger for a SIGUSR1 that nobody listens to, and whoever reaches the loopback may then run what he likes in the
// process. A program can only listen once it runs, so what was opened while it started is closed.

/** A debugger that was asked for just before somebody listened is open a little later. */
const LATE_MS = [0, 100, 1000]

/** To be called first. With --inspect the debugger is wanted, and stays. */
export function keepDebuggerShut(): void {
  const words = [...process.execArgv, process.env['NODE_OPTIONS'] ?? '']
  if (!process.features.inspector || words.some((word) => word.includes('--inspect'))) return
  const inspector = process.getBuiltinModule('node:inspector')
  const shut = (): void => {
    if (inspector.url() !== undefined) inspector.close()
  }
  process.on('SIGUSR1', () => {})
  shut()
  for (const ms of LATE_MS) setTimeout(shut, ms).unref()
}
