// print: shows each record as one readable line on stdout. A string plugin: record lines in, lines out.

import { readableLine } from './line.js'

const LF = '\n'
/** A record is at most this long; a longer run without an end is shown in pieces. */
const MAX_LINE_CHARACTERS = 65_536

let unfinished = ''

process.stdin.setEncoding('latin1')
process.stdin.on('data', (chunk: string) => {
  const lines = (unfinished + chunk).split(LF)
  unfinished = lines.pop() ?? ''
  if (unfinished.length > MAX_LINE_CHARACTERS) {
    lines.push(unfinished)
    unfinished = ''
  }
  if (lines.length === 0) return
  const isTaken = process.stdout.write(lines.map((line) => readableLine(line) + LF).join(''))
  if (isTaken) return
  process.stdin.pause()
  process.stdout.once('drain', () => process.stdin.resume())
})
process.stdin.on('end', () => {
  if (unfinished !== '') process.stdout.write(readableLine(unfinished) + LF)
})
// Nobody reads any more, as behind `| head`: the rest is read and thrown away, because ending would only mean being started
// again.
process.stdout.on('error', () => {
  process.stdin.removeAllListeners('data').on('data', () => {})
  process.stdin.resume()
})
// A reload is the dispatcher's business; Node would end at a HUP otherwise.
process.on('SIGHUP', () => {})
