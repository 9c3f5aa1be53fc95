// Looking for a byte in records. Buffer's own search is the fastest where its wrapper is compiled; where nothing is, the
// wrapper costs more than a short search, and the typed array's has none.

const hasCompiler = 'WebAssembly' in globalThis
const typedArray = Uint8Array.prototype

/** Where the byte is, at `from` or behind it; -1 if nowhere. For what is expected within a record. */
export const findByte: (bytes: Buffer, byte: number, from: number) => number = hasCompiler
  ? (bytes, byte, from) => bytes.indexOf(byte, from)
  : (bytes, byte, from) => typedArray.indexOf.call(bytes, byte, from)
