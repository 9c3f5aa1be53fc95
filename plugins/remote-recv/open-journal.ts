import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { author } from '../../src/config/author.js'
import { DiskJournal } from '../../src/journal/disk-journal.js'
import { gapRecord } from '../../src/journal/gap-record.js'
import { JournalError } from '../../src/journal/journal-error.js'
import { BadConfiguration } from '../../src/sdk/index.js'
import type { RemoteRecvConfig } from './config.js'
import type { Voice } from '../../src/remote/voice.js'

const DIR_MODE = 0o700
/** The log that is written to, for those who tail it. */
const CURRENT_LOG = 'remote.log'

/** The journal, recovered; `node` is what its own lines say to be of. */
export async function openJournal(config: RemoteRecvConfig, node: string, voice: Voice): Promise<DiskJournal> {
  const store = await opened(config, node)
  const { tornBytes, damages, missingTail } = store.journal.report
  if (damages.length > 0 || missingTail > 0)
    voice.log('error', 'the journal was damaged; what is missing is entered as LOSS', {
      places: damages.length,
      missingTail,
    })
  if (tornBytes > 0) voice.log('info', 'an unfinished commit was cut from the journal', { bytes: tornBytes })
  return store
}

async function opened({ journalDir, onDamage, segmentBytes }: RemoteRecvConfig, node: string): Promise<DiskJournal> {
  mkdirSync(dirname(journalDir), { recursive: true, mode: DIR_MODE })
  const options = { onDamage, segmentBytes, currentLog: CURRENT_LOG }
  try {
    return await DiskJournal.open(journalDir, (gap) => gapRecord(gap, author(), node), options)
  } catch (error) {
    // Only an admin can do something about it; who else has it open may be gone when this is started again.
    if (error instanceof JournalError && error.code !== 'locked')
      throw new BadConfiguration(`${journalDir}: ${error.message}`)
    throw error
  }
}
