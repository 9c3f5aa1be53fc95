// The daemon's log: a file that is rotated, a stderr that nobody reads or that has gone.

import { closeSync, constants, openSync, readSync, renameSync, writeSync } from 'node:fs'
import t, { type Test } from 'tap'
import { Daemon, until } from './daemon.js'
import { Place } from './place.js'
import { frames, range, textOf } from './records.js'

const LINE_BYTES = 121
const PIPE_BYTES = 64 * 1024

void t.test('log = file: is opened anew at SIGHUP, and no line is lost by that', async (t) => {
  const place = new Place(t)
  place.settings(`self_events = no\nlog = file:${place.path('log')}\n`)
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  const linesOf = (name: string, word: string): number => place.read(name).toString().split(word).length - 1
  await until(
    () => linesOf('log', 'plugin started') === 1,
    () => 'the log is written',
  )
  for (let round = 1; round <= 3; round++) {
    renameSync(place.path('log'), place.path(`log.${round}`))
    daemon.signal('SIGHUP')
    await until(
      () => linesOf('log', 'change=kept') === 1,
      () => `reload ${round} stands in the new file`,
    )
  }
  t.match(await daemon.finish(), { code: 0 })
  t.equal(linesOf('log.1', 'plugin started'), 1)
  t.equal(linesOf('log', 'audispd ended exitStatus=0'), 1, 'the last line is out before the end')
  t.equal(daemon.log, '', 'nothing goes to stderr')
})

/** A pipe that is full, its writing end for the daemon. */
function fullPipe(t: Test, place: Place): { reader: number; writer: number } {
  const path = place.fifo('stderr')
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  t.teardown(() => {
    for (const fd of [reader, writer]) closeSync(fd)
  })
  try {
    for (;;) writeSync(writer, Buffer.alloc(1024, 0x0a))
  } catch {
    // EAGAIN: now it is full.
  }
  return { reader, writer }
}

/** Reads what is there now. */
function readNow(fd: number): string {
  const chunk = Buffer.alloc(PIPE_BYTES)
  try {
    return chunk.toString('latin1', 0, readSync(fd, chunk))
  } catch {
    // EAGAIN: nothing.
    return ''
  }
}

void t.test('a stderr that nobody reads holds up nothing', async (t) => {
  await t.test('neither records nor the end', async (t) => {
    const place = new Place(t)
    place.tee('plugin')
    const { writer } = fullPipe(t, place)
    const daemon = new Daemon(t, place, { stderr: writer })
    for (let n = 1; n <= 200; n++) {
      await daemon.write(frames(n, n))
      // The first that comes through tells that the daemon is there to take signals.
      await daemon.has('plugin', LINE_BYTES)
      daemon.signal('SIGUSR1')
    }
    await daemon.has('plugin', 200 * LINE_BYTES)
    t.match(await daemon.finish(), { code: 0 })
    t.ok(place.read('plugin').equals(textOf(1, 200)))
  })
  await t.test('once it is read again, the log says how much is missing', async (t) => {
    const place = new Place(t)
    const plugins = range(1, 10).map((n) => `plugin${n}`)
    for (const name of plugins) place.tee(name)
    const { reader, writer } = fullPipe(t, place)
    const daemon = new Daemon(t, place, { stderr: writer })
    // Each round is a dozen lines; a record that has come through tells that the signal before it was served.
    for (let n = 1; n <= 100; n++) {
      await daemon.write(frames(n, n))
      await daemon.has('plugin1', n * LINE_BYTES)
      daemon.signal('SIGUSR1')
    }
    let log = ''
    await until(
      () => {
        log += readNow(reader)
        daemon.signal('SIGUSR1')
        return /log lines dropped: nobody read them lines=\d+\n/.test(log)
      },
      () => `the log says so: ${log.slice(-500)}`,
    )
    daemon.endInput()
    await until(
      () => {
        log += readNow(reader)
        return daemon.hasEnded
      },
      () => 'the end',
    )
    log += readNow(reader)
    t.match(await daemon.ended(), { code: 0 })
    t.match(log, /audispd ended exitStatus=0\n$/)
  })
  await t.test('nor one whose reader has gone', async (t) => {
    const place = new Place(t)
    place.tee('plugin')
    const path = place.fifo('stderr')
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY)
    closeSync(reader)
    const daemon = new Daemon(t, place, { stderr: writer })
    closeSync(writer)
    await daemon.write(frames(1, 100))
    t.match(await daemon.finish(), { code: 0 })
    t.ok(place.read('plugin').equals(textOf(1, 100)))
  })
})
