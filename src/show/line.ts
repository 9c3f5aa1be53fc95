// A record as one line for a person: when, which event, from where, what, and the fields as they came. Record text is
// hostile: whatever a terminal could take for a command is escaped.

const RECORD = /^(?:node=(\S+) )?type=(\S+) msg=audit\((\d{1,11})\.(\d{1,3}):(\d+)\): ?(.*)$/s
const ENRICHED = '\u001d'

/** One line without its LF, as latin1 text so that every byte is one character. */
export function readableLine(record: string): string {
  const match = RECORD.exec(record)
  if (match === null) return escapeControls(record)
  const [, node, type = '', seconds = '0', millis = '0', serial = '', fields = ''] = match
  const time = new Date(Number(seconds) * 1000 + Number(millis)).toISOString()
  const from = node === undefined ? '' : ` ${node}`
  return escapeControls(`${time} #${serial}${from} ${type} ${fields.replace(ENRICHED, ' | ')}`)
}

/** Control bytes and everything above ASCII, as `\xNN`. */
export function escapeControls(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Whole lines as they are, but for what a terminal could take for a command; what auditd has added stands behind a `|`. */
export function harmlessLines(lines: string): string {
  return lines.replace(/[^\x20-\x7e\n]/g, (c) =>
    c === ENRICHED ? ' | ' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
