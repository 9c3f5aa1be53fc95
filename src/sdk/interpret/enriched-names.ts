const SOCKET_ADDRESS = 'SADDR='
const WORDS = /[^ ]+/g

/** What auditd put behind 0x1D, by the name of the field that it is about: `AUID="joe"` is `auid` and `"joe"`. The first counts. */
export function enrichedNames(enriched: string): ReadonlyMap<string, string> {
  if (enriched.startsWith(SOCKET_ADDRESS)) return socketAddress(enriched)
  const names = new Map<string, string>()
  for (const [word] of enriched.matchAll(WORDS)) {
    const equals = word.indexOf('=')
    if (equals === -1) continue
    const name = lowerCase(word.slice(0, equals))
    if (!names.has(name)) names.set(name, word.slice(equals + 1))
  }
  return names
}

/** An address has blanks, and stands alone: it goes to the end. */
function socketAddress(enriched: string): ReadonlyMap<string, string> {
  const opening = enriched.indexOf('{')
  const closed = opening !== -1 && enriched.includes('}', opening)
  return new Map(closed ? [['saddr', enriched.slice(opening)]] : [])
}

/** ASCII alone, as C has it: the text is latin1. */
function lowerCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
