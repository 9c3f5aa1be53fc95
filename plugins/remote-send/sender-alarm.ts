import { harmlessText } from '../../src/protocol/harmless-text.js'
import type { SenderAlarm } from '../../src/remote/sender-input.js'
import type { UplinkHost } from './uplink.js'

/** What the other side calls itself or says is shown in so many characters. */
const SHOWN_CHARACTERS = 300

/** Tells the log what the core has found, and the admin's actions where the other side is at fault. */
export function tellAlarm(alarm: SenderAlarm, { log, peerSays }: Pick<UplinkHost, 'log' | 'peerSays'>): void {
  switch (alarm.what) {
    case 'receiver-regress': {
      const fields = { acked: alarm.acked, has: alarm.last }
      log('error', 'the receiver has lost what it had acknowledged; sending it again as far as it is kept', fields)
      return
    }
    case 'fork': {
      const fields = { stream: alarm.stream, fromSeq: alarm.fromSeq }
      log('error', 'the receiver has other records under our stream; going on under a new one', fields)
      return
    }
    case 'hole': {
      const { stream, from, to, reason } = alarm
      log('error', 'records are gone; the receiver enters a HOLE', { stream, first: from, last: to, reason })
      return
    }
    case 'superseded':
      log('error', 'another sender has our stream; is its spool a copy of this one?', { stream: alarm.stream })
      return
    case 'peer-error':
      log('error', 'the receiver broke the protocol', { why: shown(alarm.text) })
      peerSays('generic-error', shown(alarm.text))
      return
    case 'refused':
      log('error', 'the receiver refuses us', { code: alarm.code, text: shown(alarm.text) })
      peerSays('generic-error', shown(alarm.text))
      return
  }
  alarm satisfies never
}

export function shown(text: string): string {
  return harmlessText(text, SHOWN_CHARACTERS)
}
