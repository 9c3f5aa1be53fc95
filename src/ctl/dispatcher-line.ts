// auditd 2.x is told of its dispatcher by a line of auditd.conf. That file is the admin's, so install leaves every other
// byte alone and keeps what it needs to give the old bytes back: the old line as a comment, and whether the file ended
// without a newline. The block it writes:
//
//   # audispctl install changed the line below; audispctl uninstall restores it. seal=5f0c8e1d2a3b
//   #was# dispatcher = /sbin/audispd
//   dispatcher = /usr/sbin/audispd
import { lastLine, readConf } from './auditd-conf.js'
import { intoText } from './byte-text.js'
import { sealOf } from './seal.js'

const WAS = '#was# '
const BARE_END = ' end=bare'
const MARKER = /^# audispctl install (?:changed|added) the line below; .* seal=([0-9a-f]{12})( end=bare)?$/

export type TakenOut =
  | { readonly kind: 'absent' }
  /** `edited`: the block at `line` is no longer what install wrote; `text` is the file without it all the same. */
  | { readonly kind: 'taken'; readonly text: string; readonly line: number; readonly edited: boolean }

/** Puts our dispatcher in the place of the one in force, or at the end when there is none. */
export function putDispatcher(text: string, program: string, maxLineBytes: number): string {
  const bareEnd = text !== '' && !text.endsWith('\n')
  const lines = (bareEnd ? `${text}\n` : text).split('\n')
  const inForce = lastLine(readConf(lines.join('\n'), maxLineBytes), 'dispatcher')
  const index = inForce === undefined ? lines.length - 1 : inForce.line - 1
  const old = inForce === undefined ? undefined : lines[index]
  const isLast = index + (old === undefined ? 0 : 1) === lines.length - 1
  lines.splice(index, old === undefined ? 0 : 1, ...blockOf(old, program, bareEnd && isLast))
  const put = lines.join('\n')
  return bareEnd && !isLast ? put.slice(0, -1) : put
}

function blockOf(old: string | undefined, program: string, bareEnd: boolean): string[] {
  const kept = old === undefined ? [] : [`${WAS}${old}`]
  const body = [...kept, `dispatcher = ${intoText(program)}`]
  const done = old === undefined ? 'added' : 'changed'
  const undo = old === undefined ? 'takes it out' : 'restores it'
  const marker = `# audispctl install ${done} the line below; audispctl uninstall ${undo}. seal=${sealOf(body.join('\n'))}`
  return [`${marker}${bareEnd ? BARE_END : ''}`, ...body]
}

/** Takes our block out and gives the old bytes back. */
export function takeDispatcher(text: string): TakenOut {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => MARKER.test(line))
  const marker = MARKER.exec(lines[start] ?? '')
  if (marker === null) return { kind: 'absent' }
  const kept = lines[start + 1]?.startsWith(WAS) === true ? [lines[start + 1] ?? ''] : []
  const ours = lines[start + 1 + kept.length] ?? ''
  const isDispatcher = /^ *dispatcher /i.test(ours)
  const edited = marker[1] !== sealOf([...kept, ours].join('\n'))
  const size = 1 + kept.length + (isDispatcher ? 1 : 0)
  const restored = kept.map((line) => line.slice(WAS.length))
  lines.splice(start, size, ...restored)
  const isLast = start + restored.length === lines.length - 1 && lines.at(-1) === ''
  const taken = lines.join('\n')
  return {
    kind: 'taken',
    text: marker[2] === BARE_END && isLast ? taken.slice(0, -1) : taken,
    line: start + 1,
    edited,
  }
}
