// Runs the test files of one room in one process, one after the other: most of them take less time than the start of a
// process with tap in it. Each file is a test of its own with the file's name, and what it gives to `test` is a part of it.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { t } from 'tap'

/** Runs the files, given by their paths from the root of the repository. */
export async function runRoom(files) {
  const sub = t.sub.bind(t)
  let current
  // `test` of tap is bound to the root: while a file is imported, what it adds there belongs to that file.
  t.sub = (...args) => (current === undefined ? sub(...args) : current.sub(...args))
  for (const file of files) {
    await t.test(file, async (own) => {
      current = own
      try {
        await import(pathToFileURL(resolve(file)).href)
      } finally {
        current = undefined
      }
    })
  }
}
