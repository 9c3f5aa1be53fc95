// What is known of releases of auditd, and of settings of it that lose records on their way to audispd. auditd(8) tells none of it.
import { lastLine } from '../auditd-conf.js'
import { isAtLeast, type AuditdVersion } from '../auditd-version.js'
import type { AuditdFacts } from './auditd-facts.js'
import { valueOf } from './auditd-facts.js'
import { fail, ok, quoted, warn, type Check, type Finding } from './check.js'
import { textOf } from './looking.js'
import type { Survey } from './survey.js'

/** auditd's own default; with it the queue holds a fraction of a second of a busy machine. */
const SMALL_QUEUE = 2000
const GOOD_QUEUE = 50_000
const RESTART = 'service auditd restart'
const STATE_FILES = ['/run/audit/auditd.state', '/run/auditd.state']

export const AUDITD_FAULT_CHECKS: readonly Check[] = [
  { id: 'auditd.cut-records', layer: 'auditd', run: withConf(cutRecords) },
  { id: 'auditd.padded-frames', layer: 'auditd', run: withConf(paddedFrames) },
  { id: 'auditd.framing', layer: 'auditd', run: framing },
  { id: 'auditd.queue', layer: 'auditd', run: withConf(queue) },
  { id: 'auditd.overflow-action', layer: 'auditd', run: withConf(overflowAction) },
  { id: 'auditd.overflow', layer: 'auditd', run: overflow },
  { id: 'auditd.disp-qos', layer: 'auditd', run: withConf(dispQos) },
  { id: 'auditd.deprecated', layer: 'auditd', run: withConf(deprecated) },
  { id: 'auditd.format', layer: 'auditd', run: logFormat },
]

/** Only where auditd starts audispd, and it is known which auditd. */
function withConf(look: (facts: AuditdFacts, version: AuditdVersion) => readonly Finding[]): Check['run'] {
  return async ({ auditd }) => {
    const facts = await auditd()
    const { conf, version, ours } = facts
    const isFor = conf !== undefined && ours.some(({ active }) => active)
    return isFor && version !== undefined ? look(facts, version) : []
  }
}

function cutRecords(facts: AuditdFacts, version: AuditdVersion): readonly Finding[] {
  const { conf } = facts
  const isFaulty = isAtLeast(version, 4, 2) && !isAtLeast(version, 4, 2, 2)
  const isBare = lower(valueOf(conf, 'log_format')) === 'raw' && isNone(valueOf(conf, 'name_format'))
  if (!isFaulty || !isBare) return []
  const what = `auditd ${version.text} cuts the last 16 characters off every record for plugins, with log_format = RAW and no name_format`
  return [fail(what, `${setKey(facts, 'log_format', 'ENRICHED')} && ${RESTART}`)]
}

function paddedFrames({ ours }: AuditdFacts, version: AuditdVersion): readonly Finding[] {
  const pads = isAtLeast(version, 3) && !isAtLeast(version, 4, 1, 1)
  const binary = ours.find(({ active, format }) => active && format === 'binary')
  if (!pads || binary === undefined) return []
  const what = `${binary.file}: format = binary, and auditd ${version.text} pads each record to 8986 bytes: 21 fill its socket, where 200 lines would fit`
  return [warn(what, `audispctl install --format string && ${RESTART}`)]
}

/** What comes, against what this auditd is told to write. */
async function framing({ auditd, daemon }: Survey): Promise<readonly Finding[]> {
  const { version, ours, process } = await auditd()
  const answer = await daemon()
  const starter = ours.find(({ active }) => active)
  if (answer.kind !== 'status' || answer.status.parent !== 'auditd') return []
  if (version === undefined || starter === undefined || process === undefined) return []
  const { format } = answer.status.input
  if (format === 'unknown') return [warn('nothing has come from auditd yet', 'auditctl -m doctor; audispctl status')]
  const pads = isAtLeast(version, 3) && !isAtLeast(version, 4, 1, 1)
  const expected = starter.format === 'string' ? 'text' : pads ? 'padded' : 'binary'
  const told = `auditd ${version.text} with format = ${starter.format}`
  if (format === expected || (format === 'exact' && expected === 'binary')) return [ok(`writes ${format}`)]
  // Before 4.2 a reload does not apply a changed format.
  return [
    warn(`${format} comes in, and ${told} would write ${expected}: auditd still runs with older settings`, RESTART),
  ]
}

function queue(facts: AuditdFacts, version: AuditdVersion): readonly Finding[] {
  const { conf } = facts
  if (!isAtLeast(version, 3)) return []
  const text = valueOf(conf, 'q_depth') ?? String(SMALL_QUEUE)
  const mend = `${setKey(facts, 'q_depth', String(GOOD_QUEUE))} && ${RESTART}`
  if (!/^\d+$/.test(text))
    return [fail(`${placeOf(facts, 'q_depth')}: q_depth = ${text} is no number: auditd does not start`, mend)]
  const depth = Number(text)
  if (depth >= SMALL_QUEUE) return [ok(`q_depth ${depth}`)]
  const what = `${placeOf(facts, 'q_depth')}: q_depth = ${depth} is small: a burst of records is dropped before audispd sees it`
  return [warn(what, mend)]
}

function overflowAction(facts: AuditdFacts, version: AuditdVersion): readonly Finding[] {
  const { conf } = facts
  const action = lower(valueOf(conf, 'overflow_action'))
  if (!isAtLeast(version, 3) || action === undefined || action === 'syslog') return []
  const where = `${placeOf(facts, 'overflow_action')}: overflow_action = ${action}`
  const mend = `${setKey(facts, 'overflow_action', 'SYSLOG')} && service auditd reload`
  if (action === 'ignore') return [warn(`${where}: what auditd drops on its way to audispd is told nowhere`, mend)]
  if (action === 'suspend') return [warn(`${where}: after one burst audispd gets nothing more`, mend)]
  if (action === 'single' || action === 'halt')
    return [warn(`${where}: one burst of records takes the machine down`, mend)]
  const restart = `${setKey(facts, 'overflow_action', 'SYSLOG')} && ${RESTART}`
  return [fail(`${where} is none that auditd knows: it refuses the file, and does not start`, restart)]
}

/** auditd writes it upon SIGCONT alone, so it may be old; that it has dropped something stays true until it is restarted. */
async function overflow({ world, auditd }: Survey): Promise<readonly Finding[]> {
  const facts = await auditd()
  if (facts.process === undefined) return []
  const { pid } = facts.process
  for (const path of STATE_FILES) {
    const state = (await textOf(world.files, path)) ?? ''
    if (/^plugin queueing suspended = yes/m.test(state)) {
      return [
        fail(
          `${path}: auditd has suspended its plugins: audispd gets nothing`,
          `kill -USR2 ${pid} && kill -CONT ${pid}`,
        ),
      ]
    }
    if (/^plugin queue overflow detected = yes/m.test(state)) {
      // The next report would say the same, until auditd has begun anew.
      const mend = `${setKey(facts, 'q_depth', String(GOOD_QUEUE))} && ${RESTART} && rm ${path}`
      return [warn(`${path}: auditd's queue has overflowed: records were dropped before audispd saw them`, mend)]
    }
  }
  return []
}

function dispQos(facts: AuditdFacts, version: AuditdVersion): readonly Finding[] {
  const { conf, confFile } = facts
  if (isAtLeast(version, 3)) return []
  if (lower(valueOf(conf, 'disp_qos')) === 'lossless') return [ok('disp_qos lossless')]
  const what = `${confFile}: disp_qos = lossy: auditd drops records when its socket, of some 200, is full`
  return [warn(what, `${setKey(facts, 'disp_qos', 'lossless')} && ${RESTART}`)]
}

function deprecated({ conf, confFile }: AuditdFacts, version: AuditdVersion): readonly Finding[] {
  if (conf === undefined || !isAtLeast(version, 3)) return []
  return ['dispatcher', 'disp_qos'].flatMap((key) => {
    const line = lastLine(conf, key)
    if (line === undefined) return []
    const what = `${confFile}:${line.line}: ${key} is of audit 2.x: auditd ${version.text} passes over it, and complains at each start`
    return [warn(what, `sed -i '/^ *${key} /Id' ${quoted(confFile)}`)]
  })
}

/** Both are a matter of taste on one machine, and none where records leave it. */
async function logFormat({ auditd, configuration }: Survey): Promise<readonly Finding[]> {
  const facts = await auditd()
  const { conf, confFile, ours } = facts
  if (conf === undefined || !ours.some(({ active }) => active)) return []
  const format = valueOf(conf, 'log_format')?.toUpperCase() ?? 'RAW'
  const name = valueOf(conf, 'name_format')?.toUpperCase() ?? 'NONE'
  const { shipped, settings } = await configuration()
  const isSent = shipped.some(({ kind }) => kind === 'remote-send')
  if (!isSent) return [ok(`log_format ${format}, name_format ${name}`)]
  const wrong: Finding[] = []
  if (format === 'RAW') {
    const what = `${confFile}: log_format = RAW, and records go to another machine, where users have other names`
    wrong.push(warn(what, `${setKey(facts, 'log_format', 'ENRICHED')} && ${RESTART}`))
  }
  if (name === 'NONE' && settings.nameFormat === 'none') {
    const what = `${confFile}: name_format = NONE, and records go to another machine without saying from which`
    wrong.push(warn(what, `${setKey(facts, 'name_format', 'HOSTNAME')} && ${RESTART}`))
  }
  return wrong.length > 0 ? wrong : [ok(`log_format ${format}, name_format ${name}`)]
}

function setKey({ conf, confFile }: AuditdFacts, key: string, value: string): string {
  const isSet = conf !== undefined && lastLine(conf, key) !== undefined
  if (isSet) return `sed -i 's/^ *${key} .*/${key} = ${value}/I' ${quoted(confFile)}`
  return `echo '${key} = ${value}' >> ${quoted(confFile)}`
}

function placeOf({ conf, confFile }: AuditdFacts, key: string): string {
  const line = conf && lastLine(conf, key)
  return line === undefined ? confFile : `${confFile}:${line.line}`
}

function lower(value: string | undefined): string | undefined {
  return value?.toLowerCase()
}

function isNone(value: string | undefined): boolean {
  return value === undefined || lower(value) === 'none'
}
