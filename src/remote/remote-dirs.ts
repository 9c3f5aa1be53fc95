import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readEntries } from '../config.js'
import { errorCode } from '../config/error-code.js'

const CONFIG_DIR = '/etc/audispd'
/** Where the programs keep their journals, unless their configuration says otherwise. */
const DEFAULT_DIRS = ['/var/spool/audispd/remote-send', '/var/lib/audispd/remote-recv']
const KEYS = new Set(['spool_dir', 'journal_dir'])
const MAX_FILES = 100

/** Where journals may be on this machine: the usual places, and what the files in audispd's directory name. There may be several senders. */
export async function remoteDirs(configDir = CONFIG_DIR): Promise<string[]> {
  const named: string[] = []
  for (const name of await namesIn(configDir)) {
    const text = await readFile(join(configDir, name)).catch(() => '') // EACCES, EISDIR: it may be none of theirs.
    const { entries } = readEntries(text, name)
    named.push(...entries.filter(({ key, value }) => KEYS.has(key) && value.startsWith('/')).map(({ value }) => value))
  }
  return [...new Set([...DEFAULT_DIRS, ...named])]
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    const names = await readdir(dir)
    return names
      .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
      .sort()
      .slice(0, MAX_FILES)
  } catch (error) {
    // It need not be there.
    if (errorCode(error) === '') throw error
    return []
  }
}
