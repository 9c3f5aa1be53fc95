const ACTIVE = /^([ \t]*active[ \t]*=[ \t]*)(\S*)/i
const SAYS_NOTHING = /^[ \t\r]*(?:#|$)/

/** The text of a drop-in with `active` as it should be, and every other byte as it was. Of repeated lines the last one counts. */
export function withActive(text: string, isActive: boolean): string {
  const value = isActive ? 'yes' : 'no'
  const lines = text.split('\n')
  const at = lines.findLastIndex((line) => ACTIVE.test(line))
  const line = lines[at]
  if (line !== undefined) {
    const [, before = '', old = ''] = ACTIVE.exec(line) ?? []
    if (old.toLowerCase() === value) return text
    return lines.with(at, `${before}${value}${line.slice(before.length + old.length)}`).join('\n')
  }
  // Without the key it is inactive.
  if (!isActive) return text
  const first = lines.findIndex((each) => !SAYS_NOTHING.test(each))
  if (first !== -1) return lines.toSpliced(first, 0, `active = ${value}`).join('\n')
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}active = ${value}\n`
}
