import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { test } from 'tap'
import { ENVIRONMENT, missingPrograms, whyNoNamespace } from './kernel.js'
import { processesAbout } from './processes.js'
import { firstDifference, givenRecords, loggedRecords, ownRecords } from './record-lines.js'
import { AUDISPD, keysAndValues, program, Scene } from './scene.js'
import { listenForSyslog, syslogTexts } from './syslog.js'
import { until } from './until.js'

const RECORDINGS = 'test/fixtures/auditd-stream'
const LONGEST_RUN_MS = 60_000

/** What got a name after audit 2.8.5. */
const NEWER_TYPES = new Map([
  [1334, 'BPF'],
  [1337, 'OPENAT2'],
  [1423, 'LANDLOCK_ACCESS'],
  [1424, 'LANDLOCK_DOMAIN'],
])

const skip = whyNoNamespace() || missingPrograms('perl', 'logger')

for (const recording of ['v2.8.5-raw', 'v2.8.5-enriched-node']) {
  void test(`as auditd 2.x starts a dispatcher: ${recording}`, { skip }, async (t) => {
    const scene = new Scene(t)
    const mounts = [...ownEtc(scene), ...(await listenForSyslog(t, scene))]
    // Of auditd's directory, which it passes on by -c, nothing is ours: the shipped configuration in /etc/audispd is used.
    const auditd = [
      '/usr/bin/perl',
      program('starts-as-auditd-2.pl'),
      `${RECORDINGS}/${recording}.bin`,
      scene.auditdDir,
    ]
    const args = ['-i', program('with-mounts.sh'), ...mounts, '--', ...auditd, AUDISPD]
    const { status } = spawnSync('/usr/bin/env', args, { stdio: 'ignore', timeout: LONGEST_RUN_MS })
    t.equal(status, 0, 'the dispatcher ended well')
    await until('nothing to be left', () => processesAbout(scene.dir).length === 0)

    const text = scene.read('string.out')
    const given = givenRecords(text)
    t.equal(firstDifference(given, recorded(recording)), '', `all ${given.length} records, in order`)
    t.match(ownRecords(text).at(-1), /op=dispatcher-stop/)
    const hasSaid = (words: string): boolean =>
      syslogTexts(scene.read('syslog.out'), 'audispd').some((line) => line.includes(words))
    // Who listens there is another process, and writes when it comes to it.
    await until("the log's last line in syslog", () => hasSaid('audispd ended exitStatus=0'))
    t.ok(hasSaid('given by -c, holds neither audispd.conf nor audispd.d'), 'the log is in syslog')
  })
}

/** An /etc of this scene alone, with our configuration as it is shipped and one drop-in. */
function ownEtc(scene: Scene): string[] {
  const etc = scene.path('etc')
  spawnSync('cp', ['-a', '/etc', etc], { env: ENVIRONMENT })
  rmSync(`${etc}/audispd`, { recursive: true, force: true })
  mkdirSync(`${etc}/audispd/audispd.d`, { recursive: true })
  cpSync('etc/audispd.conf', `${etc}/audispd/audispd.conf`)
  const dropIn = { active: 'yes', path: program('appends-stdin.sh'), args: scene.path('string.out') }
  appendFileSync(`${etc}/audispd/audispd.d/string.conf`, keysAndValues(dropIn))
  return [etc, '/etc']
}

/** What a string plugin of audispd 2.8.5 got, or else what auditd logged and gave to its dispatcher. */
function recorded(recording: string): string[] {
  const string = `${RECORDINGS}/${recording}.string`
  if (existsSync(string)) return givenRecords(withNewerNames(readFileSync(string, 'latin1')))
  const logged = loggedRecords(readFileSync(`${RECORDINGS}/${recording}.log`, 'latin1'))
  return logged.filter((line) => !line.includes('type=DAEMON_ROTATE '))
}

function withNewerNames(text: string): string {
  return text.replaceAll(/^type=UNKNOWN\[([0-9]+)\]/gm, (type, number: string) => {
    const name = NEWER_TYPES.get(Number(number))
    return name === undefined ? type : `type=${name}`
  })
}
