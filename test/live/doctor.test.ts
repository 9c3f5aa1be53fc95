// Faults are planted on a real machine, one after the other: doctor has to name each with its cure, and has to have been quiet about it
// before. What its cures are worth is tried where that does no harm.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test, type Test } from 'tap'
import { mark } from './activity.js'
import { Auditd } from './auditd.js'
import { auditctl, missingPrograms, whyNoAuditd, whyNoNamespace } from './kernel.js'
import { daemonPids } from './our-log.js'
import { Patient, keepKernel, type Finding, type Visit } from './patient.js'
import { program, Scene } from './scene.js'
import { until } from './until.js'

/** What hangs is given up; without that it would be ten minutes. */
const MOST_SECONDS = 60

const AUDISPD = resolve('build/bin/audispd')
const skip = whyNoAuditd() || whyNoNamespace() || missingPrograms('nsenter', 'openssl')

/** `id level: what -> mend` that has to match, and whether its cure is to be tried. */
interface Fault {
  readonly said: RegExp
  readonly cure?: boolean
}

void test('doctor names each fault, and its cure', { skip }, async (t) => {
  keepKernel(t)
  const scene = new Scene(t)
  const patient = await Patient.start(t, scene)
  scene.write('plugins.out', '')
  // What service(8) would do with a running auditd, which here has no unit.
  patient.sh(`mkdir -p /run/bin && printf '#!/bin/sh\\n' > /run/bin/service && chmod 755 /run/bin/service`)

  bareMachine(t, patient)
  const healthy = await healthyMachine(t, scene, patient)
  kernelFaults(t, scene, patient, healthy)
  const healthyAgain = fileFaults(t, patient, healthy)
  const ill = await pluginFaults(t, scene, patient, healthyAgain)
  hangs(t, patient, ill)
  await daemonFaults(t, scene, patient, ill)
})

/** The most frequent first call. */
function bareMachine(t: Test, patient: Patient): void {
  auditctl('-D')
  auditctl('-e', '0')
  auditctl('-b', '64')
  const visit = patient.doctor()
  expect(t, visit, [
    { said: /^kernel\.enabled fail: audit is off .* -> auditctl -e 1$/ },
    { said: /^kernel\.auditd fail: no auditd is registered.* -> service auditd start$/ },
    { said: /^kernel\.backlog warn: backlog_limit 64 is small.* -> auditctl -b 8192$/ },
    { said: /^kernel\.rules warn: no rule is loaded.*augenrules --load$/ },
    { said: /^auditd\.running fail: auditd does not run -> service auditd start$/ },
    { said: /^auditd\.starts-us fail: .* -> audispctl install --dry-run$/ },
  ])
  t.equal(visit.first, 'audispctl install --dry-run', 'and says what to do first')
  t.equal(visit.exitStatus, 2)
}

async function healthyMachine(t: Test, scene: Scene, patient: Patient): Promise<Visit> {
  patient.sh(`
    cat > /etc/audispd/audispd.conf <<END
log = file:${scene.ourLog}
drain_timeout = 1s
END
    cat > /etc/audispd/audispd.d/good.conf <<END
active = yes
path = ${program('appends-stdin.sh')}
args = ${scene.path('plugins.out')}
END
    cat > /etc/audispd/audispd.d/af-unix.conf <<END
active = yes
format = protocol
path = ${resolve('build/bin/audispd-af-unix')}
args = 0640 /run/events string
END`)
  scene.write('auditd/plugins.d/audispd.conf', `active = yes\npath = ${AUDISPD}\nargs = --jitless\nformat = string\n`)
  await Auditd.start(t, scene, { through: patient.through })
  addRule()
  auditctl('--reset-lost')
  await until('our daemon to run', () => scene.read('audispd.log').includes('plugin started plugin=good'))
  await until('its socket', () => patient.sh('ls /run').includes('events'))
  const word = await mark(scene)
  await until('a record to arrive', () => scene.read('plugins.out').includes(word))
  const visit = patient.doctor()
  t.same(complaints(visit), [], 'all is well')
  t.equal(visit.exitStatus, 0)
  t.equal(visit.first, '')
  return visit
}

function addRule(): void {
  auditctl('-a', 'always,exit', '-F', 'arch=b64', '-F', 'auid=4242', '-S', 'execve', '-k', 'exec')
}

function kernelFaults(t: Test, scene: Scene, patient: Patient, before: Visit): void {
  auditctl('-f', '0')
  auditctl('-r', '1')
  // The kernel lets one of them a second pass.
  for (let message = 0; message < 5; message++) auditctl('-m', 'too many')
  auditctl('-D')
  auditctl('-a', 'never,task')
  auditctl('-b', '100')
  auditctl('-e', '0')
  scene.write(
    'auditd/auditd.conf',
    `${scene.read('auditd/auditd.conf')}q_depth = 80\noverflow_action = ignore\ndisp_qos = lossy\n`,
  )
  scene.write('auditd/plugins.d/old.conf', scene.read('auditd/plugins.d/audispd.conf'))
  patient.sh('chmod 666 /etc/audit/plugins.d/audispd.conf')
  mend(
    t,
    patient,
    [
      { said: /^kernel\.failure warn: .* -> auditctl -f 1$/, cure: true },
      { said: /^kernel\.rate warn: .*beyond 1 records.* -> auditctl -r 0$/, cure: true },
      {
        said: /^kernel\.lost warn: the kernel has lost \d+ records.* -> auditctl -b 8192 && auditctl --reset-lost$/,
        cure: true,
      },
      { said: /^kernel\.rules warn: the rule -a never,task .* -> auditctl -d never,task$/, cure: true },
      { said: /^kernel\.backlog warn: backlog_limit 100 is small.* -> auditctl -b 8192$/, cure: true },
      { said: /^kernel\.enabled fail: .* -> auditctl -e 1$/, cure: true },
      { said: /^auditd\.queue warn: \S+auditd\.conf:\d+: q_depth = 80 is small.*q_depth = 50000/, cure: true },
      { said: /^auditd\.overflow-action warn: \S+: overflow_action = ignore/, cure: true },
      { said: /^auditd\.deprecated warn: \S+: disp_qos is of audit 2\.x/, cure: true },
      { said: /^auditd\.twice fail: \S+old\.conf starts audispd a second time.*active = no/, cure: true },
      { said: /^auditd\.drop-in fail: \S+audispd\.conf: auditd refuses it.* -> chmod go-w /, cure: true },
    ],
    before,
  )
  addRule()
}

function fileFaults(t: Test, patient: Patient, before: Visit): Visit {
  const good = program('appends-stdin.sh')
  patient.sh(`
    cd /etc/audispd/audispd.d
    printf 'active = yes\\npath = ${good}\\nformt = string\\n' > typo.conf
    printf 'active = yes\\npath = ${good}\\n' > loose.conf
    printf 'active = yes\\npath = /etc/audispd/plugin.sh\\n' > unfit.conf
    printf 'active = yes\\npath = ${good}\\n' > astray.cnf
    chmod 666 loose.conf
    cp ${good} /etc/audispd/plugin.sh && chmod 644 /etc/audispd/plugin.sh
    chmod 666 /run/audispd/control.sock /run/events
    chmod 777 /run/audispd
    mkdir -p /etc/audisp && echo 'q_depth = 80' > /etc/audisp/audispd.conf`)
  mend(
    t,
    patient,
    [
      {
        said: /^configuration\.check fail: \S+typo\.conf:3: formt: unknown key.* -> sed -i '3s\/formt\/format\/I' /,
        cure: true,
      },
      { said: /^configuration\.check fail: \S+loose\.conf: everybody may write it.* -> chmod o-w /, cure: true },
      {
        said: /^configuration\.check fail: \S+unfit\.conf:2: path: .* is not executable.* -> chmod 0750 \/etc\/audispd\/plugin\.sh$/,
        cure: true,
      },
      {
        said: /^configuration\.ignored warn: \S+astray\.cnf is active.* -> mv \S+astray\.cnf \S+astray\.conf$/,
        cure: true,
      },
      { said: /^sockets\.control fail: .* has mode 0666.* -> chmod 0600 /, cure: true },
      {
        said: /^sockets\.af-unix fail: af-unix: \/run\/events has mode 0666.* -> chmod 0640 \/run\/events$/,
        cure: true,
      },
      { said: /^sockets\.run-dir fail: .* -> chmod go-w \/run\/audispd$/, cure: true },
      { said: /^system\.leftovers warn: \/etc\/audisp\/audispd\.conf .* -> mv /, cure: true },
    ],
    before,
  )
  // Which leaves drop-ins that nobody has loaded.
  mend(t, patient, [
    { said: /^configuration\.reload warn: .*astray would be started.* -> audispctl reload$/, cure: true },
  ])
  patient.sh('cd /etc/audispd/audispd.d && rm typo.conf loose.conf unfit.conf astray.conf && audispctl reload')
  const visit = patient.doctor()
  // What the kernel has lost is missing for good.
  t.same(
    complaints(visit).filter((line) => !/^daemon\.state warn: \d+ events never came in/.test(line)),
    [],
    'all is well again',
  )
  return visit
}

async function pluginFaults(t: Test, scene: Scene, patient: Patient, before: Visit): Promise<Visit> {
  patient.sh(`
    audispctl cert ca /etc/audispd/ca --site test --days 20
    audispctl cert collector /etc/audispd/ca here --days 3 --install
    printf 'server = 127.0.0.1:1\\nspool_dir = /var/spool/small/spool\\nmin_fs_free = 0\\n' > /etc/audispd/remote-send.conf
    mkdir /var/spool/small /var/spool/locked
    mount -t tmpfs -o size=256k none /var/spool/small
    mount -t tmpfs none /var/spool/locked && mount -o remount,ro /var/spool/locked
    printf 'log_file = /var/spool/locked/audit.log\\nnum_longs = 3\\n' > /etc/audispd/log.conf
    printf '#!/bin/sh\\necho "no \\033[31mlicence" >&2\\nexit 78\\n' > /etc/audispd/gives-up.sh
    printf '#!/bin/sh\\nexit 3\\n' > /etc/audispd/dies.sh
    chmod 755 /etc/audispd/*.sh
    cd /etc/audispd/audispd.d
    printf 'active = yes\\npath = /etc/audispd/gives-up.sh\\n' > gives-up.conf
    printf 'active = yes\\npath = /etc/audispd/dies.sh\\nrestart_delay = 60s\\n' > dies.conf
    printf 'active = yes\\npath = ${program('never-reads.sh')}\\nq_depth = 1\\nstop_timeout = 0.1s\\n' > slow.conf
    printf 'active = yes\\nformat = protocol\\npath = ${resolve('build/bin/audispd-remote-send')}\\n' > remote-send.conf
    printf 'active = yes\\nformat = protocol\\npath = ${resolve('build/bin/audispd-log')}\\nstart = now\\n' > log.conf
    audispctl reload || test $? = 1`)
  // More than a FIFO holds, for who does not read.
  patient.sh(`for time in 1 2 3 4 5 6 7 8; do perl ${program('sends-user-messages.pl')}; done`)
  const word = await mark(scene)
  await until('our daemon to have had it all', () => scene.read('plugins.out').includes(word))
  await until('plugins to die', () =>
    [/ plugin died; restarting plugin=dies /, / plugin failed and stays down.* plugin=gives-up /].every((line) =>
      line.test(scene.read('audispd.log')),
    ),
  )
  await until('remote-send to write its status', () =>
    patient.sh('ls /var/spool/small/spool || true').includes('status.json'),
  )
  // It would not have started with a key that others may read.
  patient.sh('chmod 644 /etc/audispd/remote/key.pem; head -c 1M /dev/zero > /var/spool/small/filler || true')
  scene.write('auditd/plugins.d/again.conf', `active = yes\npath = ${program('appends-stdin.sh')}\nargs = /dev/null\n`)
  appendFileSync(
    scene.auditLog,
    `type=AVC msg=audit(${Math.floor(Date.now() / 1000)}.000:1): avc:  denied  { write } for  pid=1 comm="audispd" name="x" scontext=system_u:system_r:auditd_t:s0 permissive=0\n`,
  )
  appendFileSync(scene.auditLog, 'type=USER msg=audit(4000000000.000:2): pid=1\n')
  const journald = await listensAsJournald(t)
  const faults: readonly Fault[] = [
    {
      said: /^plugins\.state fail: gives-up: failed.*it said last: no \\x1b\[31mlicence -> .*audispctl start gives-up$/,
    },
    { said: /^plugins\.state fail: dies: died and waits to be restarted.* -> audispctl logs dies$/ },
    { said: /^plugins\.state fail: slow: losing records/ },
    { said: /^plugins\.state warn: slow: \d+ records dropped/ },
    { said: /^plugins\.state fail: log: invalid: / },
    { said: /^configuration\.check fail: \S+log\.conf:4: start: unknown key/ },
    { said: /^remote\.state (?:warn|fail): .*no records go out.* -> audispctl remote status/ },
    {
      said: /^remote\.certificates fail: the certificate \/etc\/audispd\/remote\/cert\.pem ends in 2d.* -> audispctl cert renew CA_DIR here --install && audispctl reload$/,
    },
    { said: /^remote\.certificates warn: the certificate \/etc\/audispd\/remote\/ca\.pem ends in 19d/ },
    { said: /^remote\.keys fail: .*key\.pem: others.* -> chmod 0400 \/etc\/audispd\/remote\/key\.pem$/, cure: true },
    { said: /^disks\.room fail: \/var\/spool\/small\/spool .*the disk is full -> du -xh / },
    { said: /^auditd\.format warn: .*log_format = RAW/ },
    { said: /^auditd\.format warn: .*name_format = NONE/ },
    { said: /^auditd\.twice warn: \S+again\.conf and \S+good\.conf do the same.*active = no/, cure: true },
    { said: /^system\.denials fail: SELinux has denied: .* -> ausearch -m AVC -c 'audispd' --raw \| audit2allow/ },
    { said: /^clock\.time fail: .*newest record is of 2096-/ },
    { said: /^system\.journald warn: .* -> systemctl mask --now systemd-journald-audit\.socket/ },
  ]
  const sooner = mend(t, patient, faults, before)
  journald()

  // With its mistake mended, the log plugin has another in its own file, and a directory that it cannot write.
  patient.sh("sed -i '/^start/d' /etc/audispd/audispd.d/log.conf")
  return mend(
    t,
    patient,
    [
      { said: /^configuration\.plugins fail: log: \S+log\.conf:2: num_longs: unknown key.* -> \S+audispd-log --check/ },
      {
        said: /^disks\.room fail: \/var\/spool\/locked .*mounted read-only -> mount -o remount,rw \/var\/spool\/locked$/,
        cure: true,
      },
    ],
    sooner,
  )
}

/** What hangs: the tool for the kernel, that for disks, and the daemon. */
function hangs(t: Test, patient: Patient, before: Visit): void {
  patient.sh(`
    printf '#!/bin/sh\\nexec sleep 600\\n' > /run/hangs && chmod 755 /run/hangs
    for tool in auditctl stat; do mount --bind /run/hangs "$(command -v $tool)"; done
    echo 'quiet audit=0' > /run/cmdline && mount --bind /run/cmdline /proc/cmdline`)
  const pid = daemonPid(before)
  process.kill(pid, 'SIGSTOP')
  const visit = patient.doctor()
  process.kill(pid, 'SIGCONT')
  expect(
    t,
    visit,
    [
      { said: /^kernel\.boot fail: the kernel was booted with audit=0 / },
      { said: /^kernel\.boot fail: auditctl -s does not end/ },
      { said: /^daemon\.running fail: audispd hangs: .* -> service auditd restart$/ },
      { said: /^disks\.room fail: \/run \(the run directory\) does not answer: the file system hangs -> umount / },
    ],
    before,
  )
  t.ok(visit.ms < MOST_SECONDS * 1000, `it is over soon: ${Math.round(visit.ms)} ms`)
  patient.sh('umount /proc/cmdline; for tool in auditctl stat; do umount "$(command -v $tool)"; done')
}

/** A second daemon, and then none. */
async function daemonFaults(t: Test, scene: Scene, patient: Patient, before: Visit): Promise<void> {
  const second = spawn('/usr/bin/env', ['-i', `PATH=/usr/bin`, ...patient.through, AUDISPD, '--jitless'], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  t.teardown(() => second.kill('SIGKILL'))
  await until('a second daemon', () => daemonPids(scene.read('audispd.log')).length === 2)
  expect(
    t,
    patient.doctor(),
    [{ said: new RegExp(`^daemon\\.twice fail: 2 audispd run .*kill -TERM ${second.pid}$`) }],
    before,
  )
  second.stdin.end()
  await until('its end', () => second.exitCode !== null || second.signalCode !== null)

  // auditd would start it again with the next record.
  const auditd = Number(patient.sh('cat /run/auditd.pid'))
  process.kill(auditd, 'SIGSTOP')
  t.teardown(() => process.kill(auditd, 'SIGCONT'))
  const pid = daemonPid(before)
  process.kill(pid, 'SIGKILL')
  await until('its end', () => patient.sh(`sed 's/.*) //' /proc/${pid}/stat`).startsWith('Z'))
  expect(
    t,
    patient.doctor(),
    [
      { said: /^daemon\.running fail: audispd does not run -> service auditd restart/ },
      { said: /^auditd\.child fail: auditd runs, but no audispd that it has started -> service auditd restart/ },
      { said: /^sockets\.control warn: .* is stale.* -> rm \/run\/audispd\/control\.sock$/ },
    ],
    before,
  )
  process.kill(auditd, 'SIGCONT')
}

/** Each fault is there, and was not before; what may be cured is, and then gone. */
function mend(t: Test, patient: Patient, faults: readonly Fault[], before?: Visit): Visit {
  const visit = patient.doctor()
  const found = expect(t, visit, faults, before)
  const curable = faults.filter(({ cure }) => cure === true)
  for (const fault of curable) {
    const command = found.get(fault)?.mend
    if (command !== undefined) patient.sh(`PATH=/run/bin:$PATH; ${command} || test $? = 1`)
  }
  const after = patient.doctor()
  const said = complaints(after)
  for (const fault of curable) {
    t.same(
      said.filter((line) => fault.said.test(line)),
      [],
      `cured: ${found.get(fault)?.mend}`,
    )
  }
  return after
}

function expect(t: Test, visit: Visit, faults: readonly Fault[], before?: Visit): Map<Fault, Finding> {
  const found = new Map<Fault, Finding>()
  for (const fault of faults) {
    const finding = visit.findings.find((each) => fault.said.test(lineOf(each)))
    t.ok(finding, `finds ${fault.said.source}`)
    if (finding !== undefined) found.set(fault, finding)
    if (before === undefined) continue
    const early = before.findings.filter((each) => fault.said.test(lineOf(each)))
    t.same(early, [], 'and was quiet about it before')
  }
  if (found.size < faults.length) t.comment(complaints(visit).join('\n'))
  return found
}

function complaints({ findings }: Visit): string[] {
  return findings.filter(({ level }) => level === 'warn' || level === 'fail').map(lineOf)
}

function lineOf({ id, level, what, mend: command }: Finding): string {
  return `${id} ${level}: ${what} -> ${command}`
}

function daemonPid({ findings }: Visit): number {
  const running = findings.find(({ id }) => id === 'daemon.running')?.what ?? ''
  return Number(/ pid (\d+)/.exec(running)?.[1])
}

/** Somebody of journald's name who joins the kernel's audit group; gives what ends it. */
async function listensAsJournald(t: Test): Promise<() => void> {
  const script = `$0 = 'systemd-journal'; @ARGV = ('0'); do '${program('hears-audit.pl')}'`
  const child = spawn('/usr/bin/env', ['-i', '/usr/bin/perl', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return () => child.kill('SIGKILL')
}
