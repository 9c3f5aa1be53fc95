/** The same bytes in fewer pieces: neighbours that lie side by side in one piece of memory become one. */
export function mergedFrames(frames: readonly Uint8Array[]): Uint8Array[] {
  const merged: Uint8Array[] = []
  let run: Uint8Array | undefined
  for (const frame of frames) {
    if (run !== undefined && frame.buffer === run.buffer && frame.byteOffset === run.byteOffset + run.length) {
      run = Buffer.from(run.buffer, run.byteOffset, run.length + frame.length)
    } else {
      if (run !== undefined) merged.push(run)
      run = frame
    }
  }
  if (run !== undefined) merged.push(run)
  return merged
}
