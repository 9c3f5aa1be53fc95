/** One change of the directory; none overwrites a file. */
export type Step =
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly name: string }

/** How the files of a log are named. `names` is what the directory holds; everything is a name in it. */
export interface Naming {
  /** The file that is being written, if there is one. */
  current(names: readonly string[]): string | undefined
  /** The name of a new file that is to be written. */
  begin(names: readonly string[], nowMs: number): string
  /** Files that were being written once and are not the current one. */
  strays(names: readonly string[]): readonly string[]
  /** Gives a file that was being written its lasting name; its last record is of `endMs`. */
  retire(name: string, names: readonly string[], endMs: number): readonly Step[]
  /** The others, oldest first. */
  rotated(names: readonly string[]): readonly string[]
  /** A rotation did not come to its end. */
  isInterrupted(names: readonly string[]): boolean
}
