import { plot, type Bar, type Panel } from '../plot.js'
import { thousands } from '../rate-table.js'
import type { FleetRow, RemoteResults } from './results.js'

/** Records a second one way from one sender, and with many senders that wait for each acknowledgement. */
export function remotePlot({ rates, fleets, commits }: RemoteResults): string {
  const oneWay: Panel = {
    title: "Records a second from one dispatcher into a collector's log (longer is better)",
    groups: [
      {
        title: '',
        bars: rates.map(({ subject, side, result }) =>
          result.kind === 'rate' ? bar(subject, side, result.perSecond.median) : bar(subject, side, 0, 'failed'),
        ),
      },
    ],
  }
  const many: Panel = {
    title: 'Records a second, each sender waiting for the acknowledgement of each record',
    groups: [...new Set(fleets.map(({ senders }) => senders))].map((senders) => ({
      title: senders === 1 ? '1 sender' : `${senders} senders`,
      bars: [
        ...commits
          .filter(({ recordsACommit }) => recordsACommit === senders)
          .map(({ perSecond }) => bar('the disk: group commit', 'limit', perSecond)),
        ...fleets.filter((row) => row.senders === senders && row.recordsABlock === 1).map(barOf),
      ],
    })),
  }
  return plot([oneWay, many])
}

function barOf({ isTls, jitless, result }: FleetRow): Bar {
  const label = `remote-recv${isTls ? ', TLS' : ''}${jitless ? ', --jitless' : ''}`
  const tone = jitless ? 'ours-jitless' : 'ours'
  return result.kind === 'run' ? bar(label, tone, (result.records * 1000) / result.ms) : bar(label, tone, 0, 'failed')
}

function bar(label: string, tone: Bar['tone'], value: number, text = thousands(value)): Bar {
  return { label, tone, value, text }
}
