import type { ControlError } from './control-error.js'

/** The line that carries a result. */
export function resultLine(result: unknown): string {
  return `${JSON.stringify({ ok: true, result })}\n`
}

/** The line that says why there is none. */
export function refusalLine({ code, message, mend }: Pick<ControlError, 'code' | 'message' | 'mend'>): string {
  return `${JSON.stringify({ ok: false, code, message, mend })}\n`
}
