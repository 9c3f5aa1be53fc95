import type { StreamSink } from '../protocol/stream-trouble.js'
import { losesRecords } from '../protocol/trouble-meaning.js'
import type { FanOut } from './fan-out.js'
import type { SerialWatch } from './serial-watch.js'
import type { Troubles } from './troubles.js'

/** What is read from stdin goes to the fan-out, what is wrong with it to the log; and plugins are told where records may be missing. */
export function sinkInto(fanOut: FanOut, serials: SerialWatch, troubles: Troubles): StreamSink {
  return {
    frame: (version, type, bytes, start, end, clean, view) => {
      serials.frame(version, type, bytes, start, end, view)
      fanOut.frame(version, type, bytes, start, end, clean)
    },
    lines: (bytes, start, end, count, ends) => {
      serials.lines(bytes, start, end, count, ends)
      fanOut.lines(bytes, start, end, count)
    },
    trouble: (trouble) => {
      troubles.report(trouble)
      if (losesRecords(trouble)) fanOut.noteGap()
    },
  }
}
