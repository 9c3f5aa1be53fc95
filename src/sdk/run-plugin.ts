import { AuditdPeer, isOfDispatcher } from './auditd-peer.js'
import { deferred } from './deferred.js'
import { DispatcherPeer } from './dispatcher-peer.js'
import { Output } from './output.js'
import type { PluginDefinition } from './plugin-definition.js'
import { Session, type SessionHost } from './session.js'
import { guardStdout } from './stdout-guard.js'
import { openSource, surroundingsOf, type Surroundings } from './surroundings.js'

/**
 * Runs a plugin until the dispatcher says STOP or its input ends, and ends the process: exit status 0, 65 (the dispatcher
 * broke the protocol, or no records can be found in what came), 70 (a handler threw, or has not returned 21 minutes after the
 * end began), 78 (BadConfiguration). SIGTERM and SIGINT let the batch in hand be finished and acknowledged, HUP is a `reload`.
 * With an `exit` of the caller's, the promise resolves with the status.
 *
 * Input that is not the line protocol is read as what auditd writes to a plugin, record lines or frames: nothing is
 * acknowledged or asked for; at SIGTERM it is read to its end, for two seconds at most, and at SIGINT no further.
 */
export async function runPlugin(definition: PluginDefinition, surroundings: Surroundings = {}): Promise<number> {
  if (definition.records !== undefined && definition.events !== undefined) {
    throw new TypeError('a plugin takes records or events, not both')
  }
  if (surroundings.input === undefined) takeStdin()
  const { input, output, error, exit, clock, onSignal, sends } = surroundingsOf(surroundings)
  const ended = deferred<number>()
  const host: SessionHost = {
    output: new Output(output, () => {
      session?.outputGone()
    }),
    clock,
    pauseInput: () => {
      source.pause()
    },
    resumeInput: () => {
      source.resume()
    },
    complain: (text) => {
      error.write(text)
    },
    ended: ended.resolve,
  }
  const unguard = surroundings.output === undefined ? guardStdout(output, error) : () => {}
  // Nobody reads the text for people: it is not worth an end.
  error.on('error', () => {})
  const withDispatcher = (): Session =>
    new Session(definition, host, (peerHost) => new DispatcherPeer(definition, host.output, peerHost))
  const withAuditd = (): Session => {
    const reading = new Session(
      definition,
      host,
      (peerHost) => new AuditdPeer(definition, host.output, clock, sends, peerHost),
    )
    // Standard output is the plugin's own, unless records go there.
    if (sends === undefined) unguard()
    if (isReloadDue) reading.reload()
    reading.peer.meet()
    return reading
  }
  /** A HUP before anything has come: what was read before runPlugin, perhaps hours ago, may have been changed. */
  let isReloadDue = false
  let session = sends === 'lines' ? withAuditd() : undefined
  const source = openSource(
    input,
    (chunk) => {
      session ??= isOfDispatcher(chunk) ? withDispatcher() : withAuditd()
      session.push(chunk)
    },
    () => {
      session ??= withDispatcher()
      session.inputEnded()
    },
  )
  onSignal('SIGTERM', () => {
    session ??= withDispatcher()
    session.terminate()
  })
  onSignal('SIGINT', () => {
    session ??= withDispatcher()
    session.interrupt()
  })
  onSignal('SIGHUP', () => {
    if (session === undefined) isReloadDue = true
    else session.reload()
  })
  const status = await ended.promise
  source.close()
  const written = deferred<void>()
  error.write('', () => {
    written.resolve()
  })
  await written.promise
  exit(status)
  return status
}

let isStdinTaken = false

function takeStdin(): void {
  if (isStdinTaken) throw new Error('runPlugin is called twice: a process is one plugin, with one standard input')
  isStdinTaken = true
}
