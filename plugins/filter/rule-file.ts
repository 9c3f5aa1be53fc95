import { linesOf } from '../../src/config/lines.js'
import { basename } from 'node:path'
import { sortProblems, type Problem } from '../../src/config.js'
import type { Disk } from '../../src/config/disk.js'
import { readTrusted } from '../../src/config/trusted-file.js'
import { ExpressionError, type Expression } from './expression.js'
import { parseExpression } from './parse-expression.js'
import { expressionWarnings } from './expression-warnings.js'
import { decides, type FilterRule } from './rule.js'
import { isVerb, needsNoWhen, readHead } from './rule-head.js'
import { halvesOf } from './rule-words.js'

/** Every rule is asked about every event; more than this is a mistake somewhere. */
const MAX_RULES = 5000
const MAX_LINE_BYTES = 4096
/** audisp-filter reads lines into 1024 bytes, the LF and an end included. */
const MAX_BARE_LINE_BYTES = 1022
const ROOT = 0
const NUL = 0

/** `bare`: a condition a line, as audisp-filter has them; all of them do `verb`. */
export type RuleForm = { readonly kind: 'verbs' } | { readonly kind: 'bare'; readonly verb: 'keep' | 'drop' }

/** What files come to. There are no rules when at least one of the problems is an error. */
export interface ReadRules {
  readonly rules: readonly FilterRule[] | undefined
  readonly problems: readonly Problem[]
}

/** Reads rule files, one after the other, if their owner and mode allow to believe them. */
export function loadRules(files: readonly string[], form: RuleForm, disk: Disk): ReadRules {
  const read = files.map((file): ReadRules => {
    const found = readTrusted(file, { kind: disk.uid === ROOT ? 'root' : 'anybody' }, disk)
    switch (found.kind) {
      case 'absent':
        return { rules: undefined, problems: [problem('error', file, 0, 'does not exist')] }
      case 'refused':
        return { rules: undefined, problems: found.problems }
      case 'read': {
        const { rules, problems } = readRules(found.bytes, file, form)
        return { rules, problems: [...found.problems, ...problems] }
      }
      default:
        return found satisfies never
    }
  })
  return together(read)
}

/** Reads the text of one rule file. All mistakes are found at once. */
export function readRules(bytes: Buffer, file: string, form: RuleForm): ReadRules {
  const problems: Problem[] = []
  const rules: FilterRule[] = []
  const { lines, faults } = linesOf(bytes)
  for (const { line, text } of faults) problems.push(problem('error', file, line, text))
  for (const { line, content } of lines) {
    const read = form.kind === 'bare' ? readBare(content, file, line, form.verb) : readLine(content, file, line)
    if ('text' in read) {
      problems.push(...warningsOf(read, rules))
      rules.push(read)
    } else problems.push(problem(read.level, file, line, read.mistake))
  }
  const extra = rules[MAX_RULES]
  if (extra !== undefined)
    problems.push(problem('error', file, extra.line, `${rules.length} rules; ${MAX_RULES} are the most`))
  return { rules: hasError(problems) ? undefined : rules, problems: sortProblems(problems) }
}

/** Whether a file is one of rules with verbs, and not of conditions alone. */
export function hasVerbs(bytes: Buffer): boolean {
  return linesOf(bytes).lines.some(({ content }) => {
    const [, word = '', rest = ''] = /^(\S+)[ \t]*(.*)$/s.exec(content.toString('latin1')) ?? []
    // A field may have the name of a verb, and is compared with something then.
    return isVerb(word) && !/^(?:[ri]?!?=|[<>=!]=?)/.test(rest)
  })
}

type Mistake = { readonly level: Problem['level']; readonly mistake: string }

function readLine(content: Buffer, file: string, line: number): FilterRule | Mistake {
  const text = textOf(content, MAX_LINE_BYTES)
  if (typeof text !== 'string') return text
  const halves = halvesOf(text)
  const [verb] = halves.words
  if (!halves.isMarked && isVerb(verb?.text ?? '') && !needsNoWhen(verb?.text ?? ''))
    return wrong(`there is no 'when' before the condition: write '${verb?.text ?? ''} ... when CONDITION'`)
  const head = readHead(halves.words)
  if ('mistake' in head) return wrong(head.mistake)
  const expression = expressionOf(halves.condition, halves.column)
  if ('mistake' in expression) return expression
  const { name, ...rest } = head.value
  const { condition } = halves
  return { ...rest, name: name || `${basename(file)}:${line}`, expression, condition, file, line, text }
}

function readBare(content: Buffer, file: string, line: number, verb: 'keep' | 'drop'): FilterRule | Mistake {
  if (content.length > MAX_BARE_LINE_BYTES)
    return {
      level: 'warning',
      mistake: `the line has ${content.length} bytes and is skipped; ${MAX_BARE_LINE_BYTES} are the most`,
    }
  const text = textOf(content, MAX_BARE_LINE_BYTES)
  if (typeof text !== 'string') return text
  const expression = expressionOf(text, 1)
  if ('mistake' in expression) return expression
  const restraint = { limit: undefined, once: undefined }
  const name = `${basename(file)}:${line}`
  return { verb: { kind: verb }, name, restraint, expression, condition: text, file, line, text }
}

function textOf(content: Buffer, maxBytes: number): string | Mistake {
  if (content.length > maxBytes) return wrong(`the line has ${content.length} bytes; ${maxBytes} are the most`)
  if (content.includes(NUL)) return wrong('a byte 0 is in the line; take it out')
  const text = content.toString('utf8')
  return Buffer.from(text, 'utf8').equals(content) ? text : wrong('the line is not UTF-8; save the file as UTF-8')
}

function expressionOf(condition: string, column: number): Expression | Mistake {
  try {
    return parseExpression(condition)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return wrong(`column ${column + error.column - 1}: ${error.message}`)
  }
}

/** A rule that can never match, or never be asked, is one that somebody relies on all the same. */
function warningsOf(rule: FilterRule, before: readonly FilterRule[]): Problem[] {
  const { file, line, text, condition } = rule
  const behind = text.length - condition.length
  const found = expressionWarnings(rule.expression).map((warning) =>
    problem('warning', file, line, `column ${behind + warning.column}: ${warning.text}`),
  )
  const first = before.find((each) => decides(each) && each.condition === condition)
  if (first !== undefined)
    found.push(problem('warning', file, line, `never asked: line ${first.line} decides by the same condition`))
  return found
}

/** Names are what people tell rules apart by. */
function together(read: readonly ReadRules[]): ReadRules {
  const problems = read.flatMap((each) => each.problems)
  const rules = read.flatMap((each) => each.rules ?? [])
  const firsts = new Map<string, FilterRule>()
  for (const rule of rules) {
    const first = firsts.get(rule.name)
    if (first === undefined) firsts.set(rule.name, rule)
    else if (rule.name !== `${basename(rule.file)}:${rule.line}`)
      problems.push(
        problem('error', rule.file, rule.line, `'${rule.name}' is also the rule at ${first.file}:${first.line}`),
      )
  }
  return { rules: hasError(problems) ? undefined : rules, problems }
}

function hasError(problems: readonly Problem[]): boolean {
  return problems.some(({ level }) => level === 'error')
}

function wrong(mistake: string): Mistake {
  return { level: 'error', mistake }
}

function problem(level: Problem['level'], file: string, line: number, text: string): Problem {
  return { level, file, line, key: '', text }
}
