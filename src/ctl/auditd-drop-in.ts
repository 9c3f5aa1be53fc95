import { intoText } from './byte-text.js'
import { sealOf } from './seal.js'

/** The file's name in auditd's plugin directory: one dot, as every release of auditd wants it. */
export const DROP_IN_NAME = 'audispd.conf'
/** Nothing in it is secret, but auditd's own files are no more open than this. */
export const DROP_IN_MODE = 0o640

export interface DropInWords {
  readonly program: string
  readonly args: readonly string[]
  readonly format: 'string' | 'binary'
}

/** The drop-in that makes auditd 3.0 and later start audispd. Its last newline matters: auditd skips a line without. */
export function dropInText({ program, args, format }: DropInWords): string {
  return sealed(`active = yes
direction = out
path = ${intoText(program)}
type = always
args = ${intoText(args.join(' '))}
format = ${format}
`)
}

/** Whether a drop-in is, to the byte, what some `audispctl install` wrote. */
export function isUntouched(text: string): boolean {
  const [first = '', second = ''] = text.split('\n', 2)
  return text === sealed(text.slice(first.length + second.length + 2))
}

function sealed(keys: string): string {
  return `# auditd starts audispd, the audit event dispatcher, as its plugin: audispd(8).
# Written by audispctl install; audispctl uninstall removes it. seal=${sealOf(keys)}
${keys}`
}
