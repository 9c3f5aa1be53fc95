// The only home of unix-dgram: Node has no datagram sockets of this machine. The package has native code, and may be absent, or made
// for another Node; whoever uses it has another way then, or says so.

import type { UnixDatagramSocket } from 'unix-dgram'

export type { UnixDatagramSocket } from 'unix-dgram'

/** Makes a socket; undefined where the package cannot be used. */
export type MakeSocket = () => UnixDatagramSocket

export async function loadUnixDatagram(): Promise<MakeSocket | undefined> {
  try {
    const { createSocket } = await import('unix-dgram')
    return () => createSocket('unix_dgram')
  } catch {
    // ERR_MODULE_NOT_FOUND, ERR_DLOPEN_FAILED, or no binding beside the package: it could not be built.
    return undefined
  }
}
