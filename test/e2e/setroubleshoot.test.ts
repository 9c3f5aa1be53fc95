// setroubleshoot under the real dispatcher, in each format: whole events and nothing else reach the bus, also those that
// waited for it.

import { resolve } from 'node:path'
import t from 'tap'
import { avcEvent, selinuxErrRecord, syscallRecord } from '../plugins/setroubleshoot/alerts.js'
import { PlayBus } from '../plugins/setroubleshoot/play-bus.js'
import { Daemon, until } from './daemon.js'
import { Place } from './place.js'
import { frame } from './records.js'

const PROGRAM = resolve('build/bin/audispd-setroubleshoot')
const FORMATS = ['protocol', 'string', 'binary'] as const

void t.test('events reach the bus whole, those that waited first', async (t) => {
  const place = new Place(t)
  for (const format of FORMATS) {
    place.dropIn(format, [`path = ${PROGRAM}`, `args = ${place.path(`${format}.bus`)}`, `format = ${format}`])
  }
  const daemon = new Daemon(t, place)
  await daemon.running(...FORMATS)
  const [one, two] = [avcEvent(1), avcEvent(2)]
  const between = one.flatMap((record, at) => [record, two[at] ?? '', syscallRecord(100 + at)])
  await daemon.write(Buffer.concat(between.map((record) => frame(record, 0))))
  await daemon.says(['setroubleshootd cannot be reached: events wait'], FORMATS.length)
  const buses = await Promise.all(
    FORMATS.map((format) => new PlayBus(() => 'done').listen(place.path(`${format}.bus`))),
  )
  t.teardown(() => Promise.all(buses.map((bus) => bus.close())))
  await daemon.says(['setroubleshootd takes events again'], FORMATS.length)
  await daemon.write(Buffer.concat([selinuxErrRecord(3), syscallRecord(3)].map((record) => frame(record, 0))))
  // The last is unfinished until its time is over. At the end, what waits has two seconds, which is not much for a machine with much to do.
  await until(
    () => buses.every(({ events }) => events.length === 3),
    () => `the buses have ${buses.map(({ events }) => events.length).join(', ')} of 3 events`,
  )
  t.same(await daemon.finish(), { code: 0, signal: null })
  for (const bus of buses) {
    t.same(
      bus.events,
      [one, two, [selinuxErrRecord(3), syscallRecord(3)]].map((event) => `${event.join('\n')}\n`),
    )
  }
})
