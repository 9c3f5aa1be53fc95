import { basename } from 'node:path'
import type { Keys } from '../../src/config/keys.js'
import type { Parsed } from '../../src/config/value.js'
import { endingAction, failureAction, overflowAction, type AdminAction } from './admin-action.js'
import type { AdminActions } from './config.js'

type Parse = (text: string) => Parsed<AdminAction>

/** The actions of an audisp-remote.conf, with its own defaults, as they are here. */
export function takeTheirActions(keys: Keys): AdminActions {
  const take = (key: string, parse: Parse, byDefault: Exclude<AdminAction['kind'], 'exec'>): AdminAction =>
    keys.take(key, orProgram(parse)) ?? { kind: byDefault }
  return {
    networkFailure: withoutEnd(keys, 'network_failure_action', take('network_failure_action', failureAction, 'stop')),
    startupFailure: take('startup_failure_action', failureAction, 'warn_once_continue'),
    remoteEnding: take('remote_ending_action', endingAction, 'reconnect'),
    diskLow: take('disk_low_action', failureAction, 'ignore'),
    diskFull: take('disk_full_action', failureAction, 'warn_once'),
    diskError: take('disk_error_action', failureAction, 'warn_once'),
    genericError: take('generic_error_action', failureAction, 'syslog'),
    genericWarning: take('generic_warning_action', failureAction, 'syslog'),
    queueError: withoutEnd(keys, 'queue_error_action', take('queue_error_action', failureAction, 'stop')),
    overflow: overflow(keys, take('overflow_action', overflowAction, 'syslog')),
  }
}

/** `exec /path` there; here the dispatcher runs programs, by a name that the admin has given them. */
function orProgram(parse: Parse): Parse {
  return (text) => {
    const [, path] = /^exec[ \t]+(\/.*)$/i.exec(text) ?? []
    if (path === undefined) return parse(text)
    const name = basename(path)
      .replaceAll(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 32)
    const warning = `programs are run by the dispatcher: write [action ${name}] with path = ${path} into audispd.conf, and allow = action:${name} into the drop-in`
    return { value: { kind: 'exec', name }, warning }
  }
}

/** audisp-remote exits there, and auditd starts it again, which comes to another try. Here the next try needs no exit. */
function withoutEnd(keys: Keys, key: string, action: AdminAction): AdminAction {
  if (action.kind !== 'stop') return action
  if (keys.has(key))
    keys.report(
      'warning',
      key,
      "'stop' ends audisp-remote until auditd starts it again; here it is logged, and tried again for ever",
    )
  return { kind: 'syslog' }
}

function overflow(keys: Keys, action: AdminAction): AdminAction {
  if (keys.has('overflow_action') && (action.kind === 'ignore' || action.kind === 'syslog'))
    keys.report(
      'warning',
      'overflow_action',
      'a full spool drops nothing here: it stops acknowledging, and the dispatcher keeps the records',
    )
  return action
}
