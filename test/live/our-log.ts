// audispd's own log, read for what tests wait for.

/** Pids of the daemons that wrote this log, in order. */
export function daemonPids(log: string): number[] {
  return pidsIn(log, /^\S+ info audispd started pid=([0-9]+)/gm)
}

/** Pids of the processes of one plugin, or of all of them, in order. */
export function pluginPids(log: string, plugin = '\\S+'): number[] {
  return pidsIn(log, new RegExp(`^\\S+ info plugin started plugin=${plugin} pid=([0-9]+)`, 'gm'))
}

/** The last ledger of a plugin, such as `state=stopped restarts=0 in=43 …`. */
export function ledger(log: string, plugin: string): Record<string, string> {
  const [, text = ''] = [...log.matchAll(new RegExp(`^\\S+ info ledger plugin=${plugin} (.*)$`, 'gm'))].at(-1) ?? []
  return Object.fromEntries(text.split(' ').map((pair) => pair.split('=')))
}

function pidsIn(log: string, line: RegExp): number[] {
  return [...log.matchAll(line)].map(([, pid]) => Number(pid))
}
