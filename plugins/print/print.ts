import type { PluginDefinition } from '../../src/sdk/index.js'
import { eventJson } from '../../src/show/event-json.js'
import { eventLine } from '../../src/show/event-line.js'
import { readableLine } from '../../src/show/line.js'
import type { LineWriter } from './line-writer.js'
import type { Options } from './options.js'
import type { Paint } from '../../src/show/paint.js'
import { isEverything, isWanted } from '../../src/show/selection.js'

const LF = '\n'

/** The plugin: what it gets it shows, as far as it is wanted. */
export function print({ shows, selection }: Options, paint: Paint, writer: LineWriter): PluginDefinition {
  const end = { stop: () => writer.flush() }
  if (shows === 'records') {
    const showsAll = isEverything(selection)
    return {
      ...end,
      records(batch) {
        let waiting: Promise<void> | undefined
        for (const record of batch) {
          const isShown = showsAll || (record.parsed !== undefined && isWanted(selection, [record.parsed]))
          if (isShown) waiting = writer.write(readableLine(record.bytes.toString('latin1')) + LF) ?? waiting
        }
        return waiting
      },
    }
  }
  return {
    ...end,
    events(event) {
      if (!isWanted(selection, event.records)) return undefined
      return writer.write((shows === 'json' ? eventJson(event) : eventLine(event, paint)) + LF)
    },
  }
}
