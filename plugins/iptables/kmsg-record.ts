// A record of /dev/kmsg: `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,…];TEXT\n`, then lines that begin with a blank and hold key=value pairs.
// In the text every byte that is not printable ASCII, and the backslash, stands as \xNN.

const HEADER = /^(\d{1,10}),(\d{1,16}),(\d{1,16}),[^;]*;/
const PRIORITIES = 8
const LF = 0x0a

export interface KmsgRecord {
  readonly sequence: number
  /** Microseconds of the kernel's clock, which began at the boot. */
  readonly sinceBootUs: number
  /** Whether the kernel itself has written it: what a program writes to /dev/kmsg is marked by the kernel as not its own. */
  readonly isKernels: boolean
  /** In latin1, one character a byte. */
  readonly text: string
}

/** Undefined: this is no such record. */
export function readKmsg(bytes: Buffer): KmsgRecord | undefined {
  const end = bytes.indexOf(LF)
  const line = bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
  const [whole, priority, sequence, microseconds] = HEADER.exec(line) ?? []
  if (whole === undefined) return undefined
  return {
    sequence: Number(sequence),
    sinceBootUs: Number(microseconds),
    isKernels: Math.floor(Number(priority) / PRIORITIES) === 0,
    text: line
      .slice(whole.length)
      .replaceAll(/\\x([0-9a-f]{2})/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  }
}
