// The plugin: events about SELinux are put where they wait for setroubleshootd, and are acknowledged.

import type { Voice } from '../../src/remote/voice.js'
import type { PluginDefinition } from '../../src/sdk/index.js'
import { alertOf } from './alert-text.js'
import type { Settings } from './config.js'
import type { Delivery } from './delivery.js'

export function setroubleshoot({ types }: Settings, delivery: Delivery, voice: Voice): PluginDefinition {
  return {
    main: async (plugin) => {
      voice.heardBy(plugin)
    },
    events: (event) => {
      const alert = alertOf(event, types)
      switch (alert.kind) {
        case 'other':
          return
        case 'text':
          delivery.add(alert.text)
          return
        case 'own':
          voice.log('info', 'an event about setroubleshootd itself is left out', { serial: event.serial })
          return
        case 'too-long':
          voice.log('warn', 'an event is too long for setroubleshootd, and is left out', { bytes: alert.bytes })
          return
        default:
          alert satisfies never
      }
    },
    stop: async () => {
      voice.alone()
      await delivery.stop()
    },
  }
}
