import * as fc from 'fast-check'

/** Every cut, every flipped bit and random bytes: `read` never throws, and takes nothing but what was written. */
export function neverFooled(written: Buffer, read: (bytes: Buffer) => unknown): string[] {
  const fooled: string[] = []
  const refuse = (bytes: Buffer, how: string): void => {
    if (read(bytes) !== undefined) fooled.push(how)
  }
  for (let cut = 0; cut < written.length; cut++) refuse(written.subarray(0, cut), `cut at ${cut}`)
  for (let bit = 0; bit < written.length * 8; bit++) {
    const flipped = Buffer.from(written)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    refuse(flipped, `bit ${bit}`)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(written.length), (bytes, at) => {
      const pasted = Buffer.concat([written.subarray(0, at), bytes, written.subarray(at + bytes.length)])
      if (!pasted.subarray(0, written.length).equals(written)) refuse(pasted, `pasted at ${at}`)
      read(Buffer.from(bytes))
    }),
    { numRuns: 1000, seed: 5 },
  )
  return fooled
}
