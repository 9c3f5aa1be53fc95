/** The `code` of an error from Node or the system, such as ENOENT; empty if it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return ''
}
