import { withPluginDir, type ConfigPlace } from './dispatcher/config-place.js'
import { watchDropIns } from './dispatcher/drop-in-dir.js'
import type { Settings } from './dispatcher/settings.js'
import type { Log } from './log.js'

/** The watch on the drop-in directories, as long as `watch = yes`. */
export class Watching {
  readonly #log: Log
  readonly #onHint: () => void
  #dirs = ''
  #watch: { close(): Promise<void> } | undefined

  constructor(log: Log, onHint: () => void) {
    this.#log = log
    this.#onHint = onHint
  }

  follow(place: ConfigPlace, settings: Settings): void {
    const watched = withPluginDir(place, settings)
    const dirs = settings.watch ? watched.dropInDirs.join('\n') : ''
    if (dirs === this.#dirs) return
    this.#dirs = dirs
    void this.#watch?.close()
    this.#watch = settings.watch ? this.#watchIn(watched) : undefined
  }

  close(): void {
    void this.#watch?.close()
  }

  #watchIn(place: ConfigPlace): { close(): Promise<void> } {
    return watchDropIns(place, this.#onHint, {
      onTrouble: (error) => {
        this.#log.warn({ error: String(error) }, 'watch is in trouble; drop-ins are looked at every 30 s')
      },
    })
  }
}
