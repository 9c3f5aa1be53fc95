import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FileError, runWork, type Work } from '../journal/file-port.js'
import { JournalError } from '../journal/journal-error.js'
import { NodeFilePort } from '../journal/node-file-port.js'
import { remoteDirs } from '../remote/remote-dirs.js'
import { CtlError, systemCode, systemReason } from './ctl-error.js'

/** The journals to look at: those that are given, else those that are there. */
export async function journalDirs(given: readonly string[]): Promise<string[]> {
  const dirs: string[] = []
  const candidates = given.length > 0 ? given.map((path) => resolve(path)) : await remoteDirs()
  for (const dir of candidates) {
    try {
      await stat(join(dir, 'meta.json'))
      dirs.push(dir)
    } catch (error) {
      // One machine need not have both.
      if (given.length === 0 && systemCode(error) === 'ENOENT') continue
      throw unreadable(dir, systemReason(error), error)
    }
  }
  if (dirs.length > 0) return dirs
  const message = `there is no journal in ${candidates.join(' or ')}`
  throw new CtlError('system', [{ message, mend: 'give the spool_dir or journal_dir, if it is another one' }])
}

/** Steps that only read a journal, whoever else has it open. */
export async function readJournal<T>(dir: string, work: (port: NodeFilePort) => Promise<T>): Promise<T> {
  const port = new NodeFilePort(dir)
  try {
    return await work(port)
  } catch (error) {
    if (error instanceof FileError || error instanceof JournalError) throw unreadable(dir, error.message, error)
    throw error
  } finally {
    await port.close()
  }
}

/** The same for steps that need nothing in between. */
export function runOn<T>(dir: string, work: Work<T>): Promise<T> {
  return readJournal(dir, (port) => runWork(port, work))
}

function unreadable(dir: string, reason: string, cause: unknown): CtlError {
  const mend = 'is that a spool_dir or journal_dir, and are you root?'
  return new CtlError('system', [{ message: `${dir}: ${reason}`, mend }], { cause })
}
