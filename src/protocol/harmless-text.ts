/** Control and format characters, ends of lines and of paragraphs, halves of a pair: what a terminal or a line could be broken with. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** `text` on one line and as it looks; what could do harm stands escaped, what goes beyond `maxCharacters` is cut. */
export function harmlessText(text: string, maxCharacters: number): string {
  const shown = text.slice(0, maxCharacters).replaceAll(HARMFUL, escaped)
  return text.length > maxCharacters ? `${shown}…` : shown
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}
