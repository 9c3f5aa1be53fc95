// The process around a plugin: its streams, its signals, its end. Each can be given, and then no process is needed.

import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { forPeople } from '../log/for-people.js'
import { PROCESS_CLOCK, type Clock } from './clock.js'

/** One read takes at most this. */
const READ_BYTES = 64 * 1024
const STDIN = 0

/** The signals that a plugin is sent. */
export type PluginSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** What a plugin runs in. What is not given is that of the process. */
export interface Surroundings {
  /** Where the dispatcher's lines come from. */
  readonly input?: Readable
  /** Where the plugin's lines go. */
  readonly output?: Writable
  /** Free text, for the dispatcher's log; without one, where standard error leads nowhere, for syslog. */
  readonly error?: Writable
  /** Ends the process. */
  readonly exit?: (status: number) => void
  /** What tells how long an event has been open. */
  readonly clock?: Clock
  /** Calls the listener at each signal of this name. */
  readonly onSignal?: (signal: PluginSignal, listener: () => void) => void
  /**
   * `lines`: the drop-in has `direction = in` and `format = string`, so that each record that the plugin sends is a line on standard
   * output. It opens at once, as no HELLO will come.
   */
  readonly sends?: 'lines'
}

/** Where bytes come from, until they are paused. */
export interface Source {
  pause(): void
  resume(): void
  close(): void
}

/** Those of the process where none are given. */
export function surroundingsOf(
  given: Surroundings,
): Required<Omit<Surroundings, 'input' | 'sends'>> & Pick<Surroundings, 'input' | 'sends'> {
  return {
    output: process.stdout,
    error: forPeople(),
    exit: (status) => process.exit(status),
    onSignal: (signal, listener) => process.on(signal, listener),
    clock: PROCESS_CLOCK,
    ...given,
  }
}

/** `onChunk`: bytes valid only during the call. `onEnd`: at the end, and when reading fails. */
export function openSource(input: Readable | undefined, onChunk: (chunk: Buffer) => void, onEnd: () => void): Source {
  if (input === undefined) {
    try {
      return reading(stdinSocket(onChunk), onEnd)
    } catch (error) {
      // A file or a terminal, when somebody tries the plugin by hand.
      if (!(error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_FD_TYPE')) throw error
    }
  }
  const stream = input ?? process.stdin
  stream.on('data', (chunk: Buffer | string) => {
    onChunk(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  })
  return reading(stream, onEnd)
}

/** Reads into one buffer again and again: the stream of process.stdin allocates for each read. */
function stdinSocket(onChunk: (chunk: Buffer) => void): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  // onread is missing from the constructor's types; connect() alone has it there.
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd: STDIN,
    readable: true,
    writable: false,
    onread: {
      buffer,
      callback: (count) => {
        onChunk(buffer.subarray(0, count))
        return true
      },
    },
  }
  return new Socket(options)
}

function reading(stream: Readable, onEnd: () => void): Source {
  stream.on('end', onEnd)
  stream.on('error', onEnd)
  stream.resume()
  return {
    pause: () => {
      stream.pause()
    },
    resume: () => {
      stream.resume()
    },
    close: () => {
      stream.destroy()
    },
  }
}
