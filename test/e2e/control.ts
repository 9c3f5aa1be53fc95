// The control socket of a daemon in a test.

import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { connectControl, type ControlClient } from '../../src/control/control-client.js'
import { readDaemonStatus, type DaemonStatus, type PluginStatus } from '../../src/control/daemon-status.js'
import type { Daemon } from './daemon.js'

const DEADLINE_MS = 60_000
const POLL_MS = 10

/** Where it is, as nothing is said of it in the configuration. */
export function socketOf(daemon: Daemon): string {
  return daemon.place.path('run/control.sock')
}

/** Waits until the daemon listens, and connects. */
export async function control(t: Test, daemon: Daemon): Promise<ControlClient> {
  await daemon.says(['control socket is open'])
  const client = await connectControl(socketOf(daemon))
  t.teardown(() => client.close())
  return client
}

export async function statusNow(client: ControlClient): Promise<DaemonStatus> {
  return readDaemonStatus(await client.ask(['status']))
}

export async function pluginNow(client: ControlClient, name: string): Promise<PluginStatus> {
  const { plugins } = readDaemonStatus(await client.ask(['status', name]))
  const [plugin] = plugins
  if (plugin === undefined) throw new Error(`${name} has no status`)
  return plugin
}

/** Asks until the plugin is so. */
export async function pluginUntil(
  client: ControlClient,
  name: string,
  isSo: (plugin: PluginStatus) => boolean,
): Promise<PluginStatus> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const plugin = await pluginNow(client, name)
    if (isSo(plugin)) return plugin
    if (Date.now() > deadline) throw new Error(`did not come about: ${JSON.stringify(plugin)}`)
    await delay(POLL_MS)
  }
}
