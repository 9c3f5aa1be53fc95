import { asciiJson } from '../../show/ascii-json.js'
import { LAYERS, type Level } from './check.js'
import type { CheckFinding, Examination } from './examination.js'
import type { Painter } from '../paint.js'
import { printable } from '../../config.js'

const LEVEL_WIDTH = 6
const LAYER_WIDTH = 15
const INDENT = ' '.repeat(LEVEL_WIDTH + LAYER_WIDTH)
const LEAST_TEXT_WIDTH = 40

export interface ReportOptions {
  readonly columns: number
  readonly paint: Painter
  /** Only what is wrong. */
  readonly quiet: boolean
}

/** All layers on one screen; '' when quiet and well. */
export function reportText({ findings, counts, first }: Examination, options: ReportOptions): string {
  const { quiet, paint } = options
  const lines = LAYERS.flatMap((layer) => {
    const own = findings.filter((finding) => finding.layer === layer)
    const wrong = ['fail', 'warn'] as const
    return [
      ...wrong.flatMap((level) =>
        own.filter((each) => each.level === level).flatMap((each) => wrongLines(each, options)),
      ),
      ...(quiet ? [] : (['ok', 'skip'] as const).flatMap((level) => calmLines(level, layer, own, options))),
    ]
  })
  if (first === '') {
    if (quiet) return ''
    const skipped = counts.skip > 0 ? `, ${counts.skip} could not be looked at` : ''
    return text([...lines, '', paint('ok', `all is well: ${counts.ok} looked at${skipped}`)])
  }
  const sum = `${counts.fail} to mend, ${counts.warn} to look at, ${counts.ok} well, ${counts.skip} skipped`
  return text([
    ...lines,
    '',
    paint(counts.fail > 0 ? 'fail' : 'warn', sum),
    `begin with:  ${paint('bold', printable(first))}`,
  ])
}

/** Keys are stable. */
export function reportJson({ findings, counts, worst, first }: Examination, exitStatus: number): string {
  const listed = findings.map(({ id, layer, level, what, mend }) => ({ id, layer, level, what, mend }))
  const json = {
    verb: 'doctor',
    level: worst,
    counts,
    first: first === '' ? null : first,
    findings: listed,
    exitStatus,
  }
  return `${asciiJson(json, 2)}\n`
}

function wrongLines({ level, layer, what, mend }: CheckFinding, { columns, paint }: ReportOptions): string[] {
  const lines = wrapped(printable(what), columns)
  // A command stays on one line, so that it can be taken as it is.
  return [
    ...headed(level, layer, lines, paint),
    ...(mend === '' ? [] : [`${INDENT}  ${paint('bold', printable(mend))}`]),
  ]
}

/** What is well takes no more room than it needs. */
function calmLines(
  level: 'ok' | 'skip',
  layer: CheckFinding['layer'],
  own: readonly CheckFinding[],
  { columns, paint }: ReportOptions,
): string[] {
  const texts = own.filter((finding) => finding.level === level).map(({ what }) => printable(what))
  if (texts.length === 0) return []
  return headed(level, layer, wrapped([...new Set(texts)].join('; '), columns), paint)
}

function headed(level: Level, layer: CheckFinding['layer'], lines: readonly string[], paint: Painter): string[] {
  const head = `${paint(level === 'skip' ? 'dim' : level, level.padEnd(LEVEL_WIDTH))}${layer.padEnd(LAYER_WIDTH)}`
  return lines.map((line, at) => (at === 0 ? head : INDENT) + line)
}

function wrapped(what: string, columns: number): string[] {
  const width = Math.max(LEAST_TEXT_WIDTH, columns - INDENT.length)
  const lines: string[] = []
  let line = ''
  for (const word of what.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
