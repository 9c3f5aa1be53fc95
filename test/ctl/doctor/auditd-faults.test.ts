import { test } from 'tap'
import { AUDITD_FAULT_CHECKS } from '../../../src/ctl/doctor/auditd-faults.js'
import { AUDITD_CONF, complaints, eachIsNamed, HEALTHY, OUR_DROP_IN, type Illness } from './patient.js'

const CONF = '/etc/audit/auditd.conf'
const DROP_IN = '/etc/audit/plugins.d/audispd.conf'
const RAW = AUDITD_CONF.replace('ENRICHED', 'RAW').replace('HOSTNAME', 'NONE')

function release(text: string, conf: string, more: Illness = {}): Illness {
  return {
    ...more,
    programs: { '/usr/sbin/auditctl -v': `auditctl version ${text}\n`, ...more.programs },
    files: { [CONF]: conf, '/etc/audispd/remote-send.conf': '', ...more.files },
  }
}

function input(format: string): Illness {
  return { status: { input: { ...HEALTHY.input, format } } }
}

void test('each known fault is named', async (t) => {
  const set = (key: string, value: string) => AUDITD_CONF.replace(new RegExp(`${key} = .*`), `${key} = ${value}`)
  await eachIsNamed(t, AUDITD_FAULT_CHECKS, [
    [
      'binary, padded',
      { files: { [DROP_IN]: OUR_DROP_IN.replace('string', 'binary') }, ...input('padded') },
      /^warn auditd\.padded-frames: .*21 fill its socket.* -> audispctl install --format string && service auditd restart$/,
    ],
    [
      'another framing than it should be',
      input('padded'),
      /^warn auditd\.framing: padded comes in.* -> service auditd restart$/,
    ],
    ['nothing yet', input('unknown'), /^warn auditd\.framing: nothing has come from auditd yet/],
    [
      'a queue of no size',
      { files: { [CONF]: set('q_depth', 'many') } },
      /^fail auditd\.queue: .*auditd\.conf:4: q_depth = many is no number: auditd does not start -> sed -i /,
    ],
    [
      'a short queue',
      { files: { [CONF]: set('q_depth', '80') } },
      /^warn auditd\.queue: .*auditd\.conf:4: q_depth = 80 .* -> sed -i .*q_depth = 50000.* && service auditd restart$/,
    ],
    [
      'silent drops',
      { files: { [CONF]: set('overflow_action', 'ignore') } },
      /^warn auditd\.overflow-action: .*told nowhere/,
    ],
    [
      'suspend',
      { files: { [CONF]: set('overflow_action', 'suspend') } },
      /^warn auditd\.overflow-action: .*nothing more/,
    ],
    [
      'halt',
      { files: { [CONF]: set('overflow_action', 'halt') } },
      /^warn auditd\.overflow-action: .*takes the machine down/,
    ],
    [
      'single',
      { files: { [CONF]: set('overflow_action', 'SINGLE') } },
      /^warn auditd\.overflow-action: .*takes the machine down/,
    ],
    [
      'a word that auditd does not know',
      { files: { [CONF]: set('overflow_action', 'sylog') } },
      /^fail auditd\.overflow-action: .*auditd\.conf:5: overflow_action = sylog .*refuses the file.* -> sed -i .* && service auditd restart$/,
    ],
    [
      'an overflow',
      { files: { '/run/auditd.state': 'plugin queue overflow detected = yes\n' } },
      /^warn auditd\.overflow: .*overflowed/,
    ],
    [
      'suspended',
      { files: { '/run/audit/auditd.state': 'plugin queueing suspended = yes\n' } },
      /^fail auditd\.overflow: .* -> kill -USR2 700 && kill -CONT 700$/,
    ],
    [
      'a line of 2.x',
      { files: { [CONF]: `${AUDITD_CONF}disp_qos = lossy\n` } },
      /^warn auditd\.deprecated: .*:7: disp_qos/,
    ],
    [
      'names of users leave the machine as numbers',
      { files: { [CONF]: AUDITD_CONF.replace('ENRICHED', 'RAW') } },
      /^warn auditd\.format: .*log_format = RAW/,
    ],
    [
      'no name on what leaves the machine',
      { files: { [CONF]: AUDITD_CONF.replace('HOSTNAME', 'NONE') } },
      /^warn auditd\.format: .*name_format = NONE/,
    ],
  ])
})

void test('records cut by auditd 4.2', async (t) => {
  const cut = async (version: string, conf = RAW) =>
    (await complaints(AUDITD_FAULT_CHECKS, release(version, conf))).filter((said) => said.includes('cut-records'))
  t.match(await cut('4.2'), [/^fail .*cuts the last 16 characters.*log_format = ENRICHED.* && service auditd restart$/])
  t.equal((await cut('4.2.1')).length, 1)
  t.same(await cut('4.2.2'), [])
  t.same(await cut('4.1.4'), [])
  t.same(await cut('4.2', AUDITD_CONF), [], 'what is enriched is whole')
})

void test('auditd 2.x, whose socket holds 200 records', async (t) => {
  const lossy = async (more: string) =>
    (
      await complaints(AUDITD_FAULT_CHECKS, release('2.8.5', `${AUDITD_CONF}dispatcher = /usr/sbin/audispd\n${more}`))
    ).filter((said) => said.includes('disp-qos'))
  t.match(await lossy(''), [/-> echo 'disp_qos = lossless' >> \/etc\/audit\/auditd\.conf && service auditd restart$/])
  t.match(await lossy('disp_qos = lossy\n'), [/-> sed -i /])
  t.same(await lossy('disp_qos = LOSSLESS\n'), [])
})

void test('what is written by releases that know better', async (t) => {
  const binary = { files: { [DROP_IN]: OUR_DROP_IN.replace('string', 'binary') } }
  t.same(await complaints(AUDITD_FAULT_CHECKS, release('4.1.1', AUDITD_CONF, { ...binary, ...input('binary') })), [])
})
