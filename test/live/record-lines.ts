// Records as lines, one character a byte, and what auditd's own log and its plugins may differ in.

const EOE = /^(?:node=\S+ )?type=EOE /
const RELOADED = /^(?:node=\S+ )?type=DAEMON_CONFIG .*op=reconfigure .*res=success/
const AUDITD_END = /^(?:node=\S+ )?type=DAEMON_END /
const OURS = /^(?:node=\S+ )?type=TRUSTED_APP .*msg='op=(?:dispatcher|plugin|loss)/

/** The lines of audit.log that plugins get too: auditd does not give them the DAEMON_CONFIG of a reload. */
export function loggedRecords(text: string): string[] {
  return linesOf(text).filter((line) => !RELOADED.test(line))
}

/** What of it `given` has to have: auditd 3 throws its last record away when a plugin has not got it within 10 ms. */
export function owedRecords(logged: readonly string[], given: readonly string[]): string[] {
  const last = logged.at(-1) ?? ''
  const isThrownAway = AUDITD_END.test(last) && !given.includes(last)
  return isThrownAway ? logged.slice(0, -1) : [...logged]
}

/** The lines of a string plugin that auditd logs too: it does not log EOE, and knows nothing of the dispatcher's own. */
export function givenRecords(text: string): string[] {
  return linesOf(text).filter((line) => !EOE.test(line) && !OURS.test(line))
}

export function ownRecords(text: string): string[] {
  return linesOf(text).filter((line) => OURS.test(line))
}

/** Lines, without the blank that auditd cuts from the end in one place and not in another. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('the last line has no end')
  return lines.map((line) => line.replace(/ $/, ''))
}

/** Where two runs of lines part; empty when they are the same. */
export function firstDifference(found: readonly string[], wanted: readonly string[]): string {
  const at = wanted.findIndex((line, index) => line !== found[index])
  if (at === -1 && found.length === wanted.length) return ''
  const place = at === -1 ? wanted.length : at
  const show = (lines: readonly string[]): string => lines[place]?.slice(0, 300) ?? '(the end)'
  return `line ${place + 1} of ${wanted.length}: found (of ${found.length}) ${show(found)} where ${show(wanted)} is wanted`
}

/** The `seconds.millis:serial` of each event, in the order of their first records. */
export function eventIds(lines: readonly string[]): string[] {
  return [...new Set(lines.map((line) => /msg=audit\(([0-9.]+:[0-9]+)\)/.exec(line)?.[1] ?? line))]
}
