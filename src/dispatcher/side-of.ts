import { Inlet } from './inlet.js'
import type { OutboxWatcher } from './outbox.js'
import type { PluginSide } from './plugin-side.js'
import type { PluginVoice } from './plugin-voice.js'
import type { PluginWorld } from './plugin-world.js'
import type { Plugin } from './plugin.js'
import { ProtocolSide, type ProtocolSideWorld } from './protocol-side.js'
import { StreamSide } from './stream-side.js'
import { IN_WINDOW } from './talk.js'

/** The side that a plugin's drop-in asks for. It goes by the drop-in that the plugin has at each time. */
export function sideOf(
  plugin: Plugin,
  world: PluginWorld,
  voice: PluginVoice,
  watcher: OutboxWatcher,
  events: Pick<ProtocolSideWorld, 'onReady' | 'onFull' | 'onFault'>,
): PluginSide {
  const { dropIn } = plugin
  const inlet = dropIn.direction === 'out' ? undefined : inletOf(plugin, world)
  if (dropIn.format !== 'protocol') return new StreamSide(dropIn, world.pool, watcher, inlet, voice, world.clock)
  const sideWorld = {
    ...world,
    ...events,
    dropIn: () => plugin.dropIn,
    onSelected: () => {
      world.onSelected(plugin)
    },
  }
  return new ProtocolSide(sideWorld, watcher, inlet, voice)
}

function inletOf(plugin: Plugin, world: PluginWorld): Inlet {
  return new Inlet(IN_WINDOW, {
    join: (lines, records) => world.join(plugin, lines, records),
    holds: (seq) => world.holds(plugin, seq),
    received: () => world.received.get(plugin.name) ?? 0,
    setReceived: (n) => {
      world.received.set(plugin.name, n)
    },
  })
}
