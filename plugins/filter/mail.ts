// A mail about an event. Whatever a record says, it can neither end a line nor add a header: the subject is ASCII on one
// line, and the body is text in which control characters stand escaped and long lines are folded.

import { harmlessText } from '../../src/protocol/harmless-text.js'

const MAX_SUBJECT_CHARACTERS = 150
/** RFC 5322 allows lines of 998 bytes; a character is up to four. */
const FOLDED = /.{1,240}/gsu
const MAX_LINE_CHARACTERS = 10_000

export interface Mail {
  readonly to: readonly string[]
  readonly subject: string
  /** One paragraph for people. */
  readonly text: string
  /** Records. */
  readonly records: readonly Buffer[]
}

/** The mail as sendmail(8) takes it on its standard input with -t. */
export function mailText({ to, subject, text, records }: Mail): Buffer {
  const head = [
    `To: ${to.join(', ')}`,
    `Subject: ${headerText(subject)}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ]
  const body = [text, ...(records.length > 0 ? [''] : []), ...records.map((record) => record.toString('utf8'))]
  return Buffer.from(`${head.join('\n')}\n\n${body.map(folded).join('\n')}\n`)
}

function headerText(text: string): string {
  return harmlessText(text, MAX_SUBJECT_CHARACTERS).replaceAll(/[^\x20-\x7e]/g, '?')
}

function folded(line: string): string {
  const text = harmlessText(line, MAX_LINE_CHARACTERS)
  // By code points, as half of one could not be written.
  return (text.match(FOLDED) ?? []).join('\n    ')
}
