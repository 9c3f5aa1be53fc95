import { execFile } from 'node:child_process'
import { CtlError, systemCode } from './ctl-error.js'

const OPENSSL = '/usr/bin/openssl'
const TIMEOUT_MS = 30_000
const MAX_OUTPUT_BYTES = 1024 * 1024

/** Runs the openssl program in a directory, from where its files are named; no secret stands in its arguments. */
export function openssl(cwd: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(OPENSSL, args, { cwd, env: {}, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES }, (error, _out, said) => {
      if (error === null) resolve()
      else reject(failure(error, said))
    })
  })
}

function failure(error: Error, said: string): CtlError {
  if (systemCode(error) === 'ENOENT') {
    const mend = 'install it: apt install openssl, dnf install openssl'
    return new CtlError('system', [{ message: `${OPENSSL} is not there`, mend }], { cause: error })
  }
  const message = `${OPENSSL} failed: ${said.trim().split('\n').at(-1) ?? ''}`
  return new CtlError('system', [{ message, mend: 'is the disk full, or are these the files of another program?' }], {
    cause: error,
  })
}
