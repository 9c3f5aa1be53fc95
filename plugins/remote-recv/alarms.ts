import type { ReceiverAlarm } from '../../src/remote/receiver-input.js'
import type { StrangeNode } from './node-guard.js'
import type { LogFields, Voice } from '../../src/remote/voice.js'

/** Tells an admin what a core or a check has found. */
export function tellAlarm({ log }: Pick<Voice, 'log'>, alarm: ReceiverAlarm | StrangeNode): void {
  const fields = fieldsOf(alarm)
  switch (alarm.what) {
    case 'duplicate-sender':
      log('error', 'two senders have the same stream: one of them is a copy', fields)
      return
    case 'regress':
      log('error', 'a sender had more acknowledged than is here: this journal was set back, or is another one', fields)
      return
    case 'fork':
      log('warn', 'a stream goes on under another id: its sender or this journal was set back', fields)
      return
    case 'hole':
      log('error', 'records that a sender has no more are missing; entered as HOLE', fields)
      return
    case 'new-stream':
      log('warn', 'a sender has begun a new stream: its spool is new', fields)
      return
    case 'stream-forgotten':
      log('warn', 'a sender has too many streams; the oldest was forgotten', fields)
      return
    case 'strange-node':
      if (alarm.isRefused) log('error', 'records of another node than the sender were refused', fields)
      else log('warn', 'a sender has sent records of another node', fields)
      return
    default:
      alarm satisfies never
  }
}

function fieldsOf(alarm: ReceiverAlarm | StrangeNode): LogFields {
  const told = Object.entries(alarm).filter(([name]) => name !== 'what' && name !== 'isRefused')
  return Object.fromEntries(told.map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]))
}
