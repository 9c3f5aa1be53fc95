// A rule's line is what it does, the word `when`, and the condition. The words before `when` are cut here; the condition
// has a language of its own, in which quotes mean something else, and is not looked at.

const WORD = /[ \t]*(?:"([^"]*)"|'([^']*)'|([^ \t"']+))(?=[ \t]|$)/y

/** A word before the condition. In quotes it is never one of the language. */
export interface RuleWord {
  readonly text: string
  readonly isQuoted: boolean
}

/** A line in its two halves. `isMarked`: there was a `when` between them; else all behind the first word is the condition. */
export interface RuleHalves {
  readonly words: readonly RuleWord[]
  readonly condition: string
  /** Where the condition begins in the line; the first character has column 1. */
  readonly column: number
  readonly isMarked: boolean
}

export function halvesOf(line: string): RuleHalves {
  const words: RuleWord[] = []
  WORD.lastIndex = 0
  for (;;) {
    const found = WORD.exec(line)
    if (found === null) return { ...withoutMark(line), isMarked: false }
    const [, double, single, bare] = found
    const end = found.index + found[0].length
    if (bare === 'when') return { words, ...conditionAt(line, end), isMarked: true }
    words.push({ text: double ?? single ?? bare ?? '', isQuoted: bare === undefined })
    WORD.lastIndex = end
  }
}

function withoutMark(line: string): Omit<RuleHalves, 'isMarked'> {
  const [verb = ''] = /^[^ \t]*/.exec(line) ?? []
  return { words: [{ text: verb, isQuoted: false }], ...conditionAt(line, verb.length) }
}

function conditionAt(line: string, at: number): Pick<RuleHalves, 'condition' | 'column'> {
  const blanks = /^[ \t]*/.exec(line.slice(at))?.[0].length ?? 0
  return { condition: line.slice(at + blanks), column: at + blanks + 1 }
}
