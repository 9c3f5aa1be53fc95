import { deferred } from './deferred.js'
import { Output } from './output.js'
import type { PluginDefinition } from './plugin-definition.js'
import { Session } from './session.js'
import { guardStdout } from './stdout-guard.js'
import { openSource, surroundingsOf, type Surroundings } from './surroundings.js'

/**
 * Runs a plugin until the dispatcher says STOP or its input ends, and ends the process: exit status 0, 65 (the dispatcher
 * broke the protocol), 70 (a handler threw), 78 (BadConfiguration). SIGTERM and SIGINT let the batch in hand be finished
 * and acknowledged, HUP is a `reload`. With an `exit` of the caller's, the promise resolves with the status.
 */
export async function runPlugin(definition: PluginDefinition, surroundings: Surroundings = {}): Promise<number> {
  if (definition.records !== undefined && definition.events !== undefined) {
    throw new TypeError('a plugin takes records or events, not both')
  }
  if (surroundings.input === undefined) takeStdin()
  const { input, output, error, exit, clock, onSignal } = surroundingsOf(surroundings)
  const ended = deferred<number>()
  const session = new Session(definition, {
    output: new Output(output, () => {
      // Nobody reads what we say: the dispatcher is gone, or ends us.
      session.close()
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
  })
  if (surroundings.output === undefined) guardStdout(output, error)
  // Nobody reads the text for people: it is not worth an end.
  error.on('error', () => {})
  const source = openSource(
    input,
    (chunk) => {
      session.push(chunk)
    },
    () => {
      session.inputEnded()
    },
  )
  const terminate = (): void => {
    session.terminate()
  }
  onSignal('SIGTERM', terminate)
  onSignal('SIGINT', terminate)
  onSignal('SIGHUP', () => {
    session.reload()
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
