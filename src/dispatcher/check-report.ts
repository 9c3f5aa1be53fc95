import { formatProblem, printable, type Problem } from '../config.js'
import type { DropInReport } from './drop-in-dir.js'

/** What --check has to say. */
export interface CheckReport {
  readonly text: string
  readonly json: unknown
  /** Whether the daemon would start with this, and each drop-in would do what it says. */
  readonly ok: boolean
}

interface Row {
  readonly cells: readonly [name: string, state: string, format: string, path: string]
  readonly problems: readonly Problem[]
}

const HEADING: Row = { cells: ['NAME', 'STATE', 'FORMAT', 'PATH'], problems: [] }

/** A table with a line for each drop-in and its problems below it; what is wrong with audispd.conf stands first. */
export function checkReport(settingsProblems: readonly Problem[], reports: readonly DropInReport[]): CheckReport {
  const problems = [...settingsProblems, ...reports.flatMap((report) => report.problems)]
  const errors = problems.filter(({ level }) => level === 'error').length
  const directories = reports.filter(({ kind }) => kind === 'directory').flatMap((report) => report.problems)
  const rows = reports.filter(({ kind }) => kind !== 'directory').map(rowOf)
  const lines = [
    ...[...settingsProblems, ...directories].map(problemLine),
    ...(rows.length > 0 ? tableOf([HEADING, ...rows]) : []),
    `${errors} ${errors === 1 ? 'error' : 'errors'}, ${problems.length - errors} ${problems.length - errors === 1 ? 'warning' : 'warnings'}`,
  ]
  const json = { ok: errors === 0, settings: { problems: settingsProblems }, dropIns: reports.map(jsonOf) }
  return { text: `${lines.join('\n')}\n`, json, ok: errors === 0 }
}

function rowOf(report: DropInReport): Row {
  const { name, file, problems } = report
  switch (report.kind) {
    case 'active':
    case 'inactive':
      return { cells: [name, report.kind, report.dropIn.format, report.dropIn.path || '-'], problems }
    case 'invalid':
      return { cells: [name, report.kind, '-', file], problems }
    case 'ignored':
      return { cells: [name, report.kind, '-', `${file}: ${report.reason}`], problems }
    case 'masked':
      return { cells: [name, report.kind, '-', `${file}, by ${report.by}`], problems }
    case 'directory':
      return { cells: [name, report.kind, '-', file], problems }
    default:
      return report satisfies never
  }
}

function tableOf(rows: readonly Row[]): string[] {
  const shown = rows.map(({ cells, problems }) => ({ cells: cells.map(printable), problems }))
  const widths = [0, 1, 2].map((column) => Math.max(...shown.map(({ cells }) => cells[column]?.length ?? 0)))
  return shown.flatMap(({ cells, problems }) => [
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
    ...problems.map((problem) => `  ${problemLine(problem)}`),
  ])
}

function problemLine(problem: Problem): string {
  return `${problem.level}: ${formatProblem(problem)}`
}

function jsonOf(report: DropInReport): unknown {
  const { name, file, kind, problems } = report
  const common = { name, file, state: kind, problems }
  if (report.kind === 'ignored') return { ...common, reason: report.reason }
  if (report.kind === 'masked') return { ...common, by: report.by }
  if (report.kind !== 'active' && report.kind !== 'inactive') return common
  const { format, path, args, user, group } = report.dropIn
  return { ...common, format, path, args, subscribe: report.dropIn.subscribe.text, user, group }
}
