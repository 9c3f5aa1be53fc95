// Where a plugin's text for people goes: to standard error, which is its dispatcher's log, or, where that leads nowhere, as under an
// auditd that runs in the background, to syslog.

import { spawn } from 'node:child_process'
import { basename, dirname } from 'node:path'
import { Writable } from 'node:stream'
import { LOGGER, stderrIsNull } from '../log.js'

/** What waits for a syslog that takes nothing; texts beyond it are thrown away, so that they hold nothing up. */
const MAX_WAITING_BYTES = 64 * 1024
/** So long an end waits for the last texts to be out. */
const LAST_WORDS_MS = 1000

let stream: Writable | undefined

/** The one stream of the process. An empty text is done when those before it are out. */
export function forPeople(): Writable {
  stream ??= stderrIsNull() ? whenSaid(startLogger) : process.stderr
  return stream
}

export function tellPeople(text: string): void {
  forPeople().write(text)
}

/** Starts what takes the texts with the first of them, and anew when it has gone. */
export function whenSaid(start: (gone: () => void) => Writable, lastWordsMs = LAST_WORDS_MS): Writable {
  let sink: Writable | undefined
  return new Writable({
    write(text: Buffer, _encoding, done) {
      if (text.length === 0) {
        if (sink === undefined) done()
        else whenOut(sink, lastWordsMs, done)
        return
      }
      sink ??= start(() => {
        sink = undefined
      })
      if (sink.writableLength + text.length <= MAX_WAITING_BYTES) sink.write(text)
      done()
    },
  })
}

function whenOut(sink: Writable, lastWordsMs: number, done: () => void): void {
  let isDone = false
  const once = (): void => {
    clearTimeout(timer)
    if (!isDone) done()
    isDone = true
  }
  const timer = setTimeout(once, lastWordsMs)
  sink.write('', once)
}

/** Through util-linux' logger, as Node has no datagram socket for /dev/log. It outlives us until it has read everything. */
function startLogger(gone: () => void): Writable {
  const options = ['--tag', programName(process.argv[1] ?? ''), `--id=${process.pid}`, '--priority', 'daemon.warning']
  const child = spawn(LOGGER, options, { stdio: ['pipe', 'ignore', 'ignore'], env: {}, cwd: '/', detached: true })
  // ENOENT: no logger. EPIPE: it has gone. There is nowhere left to say it.
  child.on('error', gone)
  child.stdin.on('error', gone)
  child.on('exit', gone)
  child.unref()
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return child.stdin
}

/** `/opt/audispd/build/plugins/filter/main.js` is audispd-filter; another's program is known by its file. */
export function programName(path: string): string {
  const name = basename(path).replace(/\.[cm]?js$/, '')
  return name === 'main' ? `audispd-${basename(dirname(path))}` : name
}
