// Where records come in: stdin, whatever it is. A socket (auditd's) or a pipe is read into one buffer again and again,
// without an allocation and without a thread of the pool; files, /dev/null and terminals cannot be read that way.

import { createReadStream } from 'node:fs'
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { isatty, ReadStream } from 'node:tty'
import { errorCode } from '../config/error-code.js'

/** One read takes at most this; also what `block` may hold above its limit. */
const READ_BYTES = 64 * 1024

export interface Input {
  pause(): void
  resume(): void
  /** Reads no more; `onEnd` is not called. */
  close(): void
}

/** `onChunk`: bytes valid only during the call. `onEnd`: once, with an error's text when reading failed. */
export function openInput(fd: number, onChunk: (chunk: Buffer) => void, onEnd: (error: string) => void): Input {
  try {
    return socketInput(fd, onChunk, onEnd)
  } catch (error) {
    if (errorCode(error) !== 'ERR_INVALID_FD_TYPE') throw error
    return fileInput(fd, onChunk, onEnd)
  }
}

function socketInput(fd: number, onChunk: (chunk: Buffer) => void, onEnd: (error: string) => void): Input {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  // onread is missing from the constructor's types; connect() alone has it there.
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd,
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
  return reading(new Socket(options), onEnd)
}

function fileInput(fd: number, onChunk: (chunk: Buffer) => void, onEnd: (error: string) => void): Input {
  // A terminal may be set not to wait, by whoever shares it, and only its own reader bears that.
  const stream = isatty(fd)
    ? new ReadStream(fd)
    : createReadStream('', { fd, autoClose: false, highWaterMark: READ_BYTES })
  stream.on('data', (chunk: Buffer | string) => {
    if (typeof chunk !== 'string') onChunk(chunk)
  })
  return reading(stream, onEnd)
}

function reading(stream: NodeJS.ReadableStream & { destroy(): void }, onEnd: (error: string) => void): Input {
  let isOver = false
  const over = (error: string): void => {
    if (isOver) return
    isOver = true
    onEnd(error)
  }
  stream.on('end', () => {
    over('')
  })
  // ECONNRESET when auditd was killed: the same as an end.
  stream.on('error', (error: Error) => {
    over(errorCode(error) === 'ECONNRESET' ? '' : error.message)
  })
  stream.resume()
  return {
    pause: () => {
      stream.pause()
    },
    resume: () => {
      stream.resume()
    },
    close: () => {
      isOver = true
      stream.destroy()
    },
  }
}
