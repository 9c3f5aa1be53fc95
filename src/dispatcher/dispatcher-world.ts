import type { ConfigPlace } from './config-place.js'
import type { MachineWorld } from './plugin-world.js'
import type { Settings } from './settings.js'

export interface DispatcherOptions {
  readonly place: ConfigPlace
  readonly settings: Settings
  readonly input: 'auto' | 'none' | 'exact' | 'padded' | 'text'
}

export interface DispatcherWorld extends MachineWorld {
  /** Ends what an earlier daemon left; nothing is started before. */
  readonly endOrphans: () => Promise<void>
  /** True when the process that started the daemon has ended. */
  readonly isParentGone: () => boolean
  /** Called once everything has ended, with the daemon's exit status. */
  readonly onEnd: (exitStatus: number) => void
}
