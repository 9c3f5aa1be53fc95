// The plugin: a batch is acknowledged when every client has it in its queue, or has lost it. No client can hold it up.

import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { stateText } from './state-text.js'
import { errorText } from '../../src/config/disk.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import type { PluginDefinition } from '../../src/sdk/index.js'
import type { Settings } from './config.js'
import type { Crowd } from './crowd.js'
import type { SocketFile } from '../../src/socket-file.js'

const MOST_WINDOW = 4096
const STATE_MODE = 0o640

export interface AfUnixParts {
  readonly settings: Settings
  readonly socket: SocketFile
  readonly crowd: Crowd
  readonly clock: Clock
  readonly voice: Voice
}

export function afUnix({ settings, socket, crowd, voice }: AfUnixParts): PluginDefinition {
  return {
    // What comes at once is never more than half of a client's queue.
    window: Math.max(1, Math.min(MOST_WINDOW, Math.floor(settings.queueRecords / 2))),
    records: (batch) => {
      crowd.give(batch)
    },
    main: async (plugin) => {
      voice.heardBy(plugin)
    },
    reload: () => {
      if (socket.isOurs) return
      const { path } = settings
      voice.log('warn', 'the socket is gone from its path: nobody can connect until the plugin is started anew', {
        path,
      })
    },
    stop: async () => {
      voice.alone()
      // Who connects now waits for the next process.
      socket.remove()
      await crowd.end()
    },
  }
}

/** What SIGUSR1 does. */
export function tellState({ settings, crowd, clock, voice }: AfUnixParts): void {
  const text = stateText(settings, crowd.state(), clock.wallMs())
  const { stateFile } = settings
  if (stateFile === '') {
    for (const line of text.trimEnd().split('\n')) voice.log('info', 'state', { line })
    return
  }
  const fresh = `${stateFile}.new`
  try {
    // Made anew, so that nothing that stands there is followed or kept; whoever reads sees the old state or the new one.
    rmSync(fresh, { force: true })
    writeFileSync(fresh, text, { mode: STATE_MODE, flag: 'wx' })
    renameSync(fresh, stateFile)
  } catch (error) {
    voice.log('warn', 'the state cannot be written', { file: stateFile, error: errorText(error) })
  }
}
