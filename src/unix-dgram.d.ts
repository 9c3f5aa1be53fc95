/** What of the package is used here; it brings no types. */
declare module 'unix-dgram' {
  export interface UnixDatagramSocket {
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'connect' | 'writable', listener: () => void): this
    connect(path: string): void
    /** On a connected socket. An error with the code 1: the queue is full, `writable` follows. */
    send(message: Buffer, done: (error?: Error & { readonly code?: string | number }) => void): void
    close(): void
  }
  export function createSocket(type: 'unix_dgram'): UnixDatagramSocket
}
