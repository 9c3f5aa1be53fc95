// A text file for node_exporter. The directory may belong to another user than this process: what stands at the new file's path is
// removed and never followed.

import { open, rename, rm } from 'node:fs/promises'

/** Whoever node_exporter runs as. */
const MODE = 0o644

/** The file is the old one or the new one, whole; rejects with the error of a system call. */
export async function writeTextfile(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  const file = await open(fresh, 'wx', MODE)
  try {
    await file.writeFile(text)
    await file.chmod(MODE)
  } finally {
    await file.close()
  }
  await rename(fresh, path)
}

/** What it says holds no longer. */
export async function removeTextfile(path: string): Promise<void> {
  await rm(path, { force: true })
}
