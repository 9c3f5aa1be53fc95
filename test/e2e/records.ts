// Records for tests, made here and not by the code under test.

const HEADER_BYTES = 16

/** `type=… msg=audit(…:n): …` with its number as serial and some filling, without LF. */
export function recordText(n: number, bytes = 120): string {
  const head = `type=USER_CMD msg=audit(1700000000.000:${n}): n=${n} `
  return head + 'x'.repeat(Math.max(0, bytes - head.length))
}

/** One exact frame, version 1, host byte order of the usual machines. */
export function frame(text: string, type = 1123): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(1, 0)
  header.writeUInt32LE(HEADER_BYTES, 4)
  header.writeUInt32LE(type, 8)
  header.writeUInt32LE(payload.length, 12)
  return Buffer.concat([header, payload])
}

/** The frames of records first..last. */
export function frames(first: number, last: number, bytes = 120): Buffer {
  const parts: Buffer[] = []
  for (let n = first; n <= last; n++) parts.push(frame(recordText(n, bytes)))
  return Buffer.concat(parts)
}

/** Records first..last as a string plugin gets them. */
export function textOf(first: number, last: number, bytes = 120): Buffer {
  const parts: string[] = []
  for (let n = first; n <= last; n++) parts.push(`${recordText(n, bytes)}\n`)
  return Buffer.from(parts.join(''))
}

/** The whole numbers first..last. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** What a string plugin got, parted into what the daemon's own records say and all other lines. */
export function parted(text: Buffer): { own: string[]; others: Buffer } {
  const lines = text.toString('latin1').split('\n')
  const isOwn = (line: string): boolean => line.startsWith('type=TRUSTED_APP ')
  const own = lines.filter(isOwn).map((line) => /msg='(.*)'$/.exec(line)?.[1] ?? line)
  return { own, others: Buffer.from(lines.filter((line) => !isOwn(line)).join('\n'), 'latin1') }
}

/** The serials in what a string plugin wrote, in order; lines that are no whole record are `torn`. */
export function serialsIn(text: Buffer): { serials: number[]; torn: string[] } {
  const serials: number[] = []
  const torn: string[] = []
  const lines = text.toString('latin1').split('\n')
  const last = lines.pop() ?? ''
  if (last !== '') torn.push(last)
  for (const line of lines) {
    // A record begun by a process that died stands before the whole one, on the same line.
    const at = line.lastIndexOf('type=USER_CMD')
    const match = /^type=USER_CMD msg=audit\(1700000000\.000:(\d+)\): n=(\d+) x*$/.exec(line.slice(at))
    if (match !== null && match[1] === match[2]) serials.push(Number(match[1]))
    else torn.push(line)
    if (at > 0) torn.push(line.slice(0, at))
  }
  return { serials, torn }
}
