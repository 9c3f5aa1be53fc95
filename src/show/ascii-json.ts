/** The ends of lines are those of the indentation: in strings they are escaped anyway. */
const BEYOND_ASCII = /[^\x20-\x7e\n]/g

/** JSON without a LF behind it, in ASCII: whatever a terminal or a log could stumble over stands as \uXXXX. */
export function asciiJson(value: object, indent?: number): string {
  // Outside of strings JSON is ASCII.
  return JSON.stringify(value, undefined, indent).replaceAll(
    BEYOND_ASCII,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
