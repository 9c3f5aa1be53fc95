// What the dispatcher says about itself before anything else.

import { DEFAULT_WINDOW, numberOf } from '../protocol/line.js'

/** What HELLO said; under auditd, which says nothing about itself, the defaults. */
export interface Hello {
  /** The name of the plugin's drop-in; empty if it was not said. */
  readonly plugin: string
  /** A UUID: one run of the dispatcher; empty under auditd. A record is named for good by `run` and its seq. */
  readonly run: string
  /** The seq of the first record that is about to be sent. */
  readonly next: number
  /** Records of ours that may be unsettled; the SDK keeps below it. */
  readonly inWindow: number
  /** The highest number of ours that was taken in this run; 0 if there is none. Only with `positions`. */
  readonly received: number
  /** The node name; empty if there is none. */
  readonly node: string
  /** Every key as it came, those included that this SDK does not know. */
  readonly keys: ReadonlyMap<string, string>
}

export function helloOf(keys: ReadonlyMap<string, string>): Hello {
  const number = (key: string): number => numberOf(keys.get(key) ?? '')
  return {
    plugin: keys.get('plugin') ?? '',
    run: keys.get('run') ?? '',
    next: number('next') || 1,
    inWindow: number('in-window') || DEFAULT_WINDOW,
    received: number('received'),
    node: keys.get('node') ?? '',
    keys,
  }
}
