/** One `key = value` line that auditd would act on. */
export interface ConfLine {
  /** In lower case: auditd's keys have no case. */
  readonly key: string
  readonly value: string
  readonly line: number
}

export interface ConfFault {
  readonly key: string
  readonly line: number
  readonly message: string
}

export interface ConfText {
  readonly lines: readonly ConfLine[]
  readonly faults: readonly ConfFault[]
}

/**
 * Reads auditd.conf or a plugin's drop-in the way auditd does: words are separated by blanks alone, `=` is a word of
 * its own, and a line that is too long, or that ends with the file instead of a newline, is skipped.
 */
export function readConf(text: string, maxLineBytes: number): ConfText {
  const lines: ConfLine[] = []
  const faults: ConfFault[] = []
  const ended = text.split('\n').slice(0, -1)
  for (const [index, content] of ended.entries()) {
    const words = content.split(' ').filter((word) => word !== '')
    const [name, equals, ...values] = words
    if (name === undefined || name.startsWith('#')) continue
    const key = name.toLowerCase()
    const line = index + 1
    if (content.length > maxLineBytes) {
      faults.push({ key, line, message: `auditd skips this line: it is longer than ${maxLineBytes} bytes` })
    } else if (equals !== '=') {
      faults.push({ key, line, message: `auditd refuses this line: '=' with a blank on each side is missing` })
    } else if (values.length === 0) {
      faults.push({ key, line, message: `auditd refuses this line: '${key}' has no value` })
    } else {
      lines.push({ key, value: values.join(' '), line })
    }
  }
  return { lines, faults }
}

/** The line in force: auditd lets the last one win. */
export function lastLine(conf: ConfText, key: string): ConfLine | undefined {
  return conf.lines.findLast((line) => line.key === key)
}
