// The main job on real input: runs the daemon with the print plugin alone on a recorded stream, or on one's own.
// Usage: demo.mjs [FILE | -]
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'

const RECORDED = 'test/fixtures/auditd-stream/v2.8.5-raw.bin'

const [name = RECORDED] = process.argv.slice(2)
const child = spawn('build/bin/audispd', ['-c', 'etc', '--only', 'print'], {
  stdio: [open(name), 'inherit', 'inherit'],
})
child.on('error', (error) => {
  process.stderr.write(`demo: ${error.message}\n`)
  process.exitCode = 71
})
child.on('exit', (code) => {
  process.exitCode = code ?? 70
})
// Ctrl-C goes to the daemon as well; it ends, and then so does this.
process.on('SIGINT', () => {})

function open(path) {
  if (path === '-') return 'inherit'
  try {
    return openSync(path, 'r')
  } catch (error) {
    process.stderr.write(
      `demo: ${error.message}\nGive the name of a recorded stream or an audit.log, or - for standard input.\n`,
    )
    return process.exit(64)
  }
}
