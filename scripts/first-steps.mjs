// Does what a new user does, on a bare Debian with nothing but the package, auditd and a syslog server, and writes down what was typed, what
// came of it and how long it took: docs/first-steps.md. Usage, as root: first-steps.mjs PACKAGE.deb
//
// The Debian is a directory that debootstrap made, under an overlay that is thrown away. auditd there is the real one and holds the
// kernel's audit meanwhile; its state is put back.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

const BASE = '/var/cache/audispd-tests/bookworm-first-steps'
const PACKAGES = 'auditd,rsyslog'
const PAGE = 'docs/first-steps.md'
const MAX_SHOWN_LINES = 30
const STEP_MS = 120_000

const STEPS = [
  ['Install it', 'It starts nothing, and leaves auditd as it is.'],
  ['apt-get install -qq ./{DEB}'],
  ['What is there, and what is to be done?'],
  ['audispctl doctor'],
  ['Into auditd', 'First what would change, then the change. Without `--yes` it asks.'],
  ['audispctl install --dry-run'],
  ['audispctl install --reload --yes'],
  ['Does it work?'],
  ['audispctl status'],
  ['auditctl -m "hello from the first steps"'],
  ['audispctl tap --limit 1 & sleep 1; auditctl -m "seen as it passes"; wait', 'audispctl tap --limit 1'],
  ['Records to syslog'],
  ['audispctl enable syslog'],
  ['auditctl -m "into syslog"; sleep 1; grep "into syslog" /var/log/syslog', 'grep "into syslog" /var/log/syslog'],
  ['A plugin of your own', 'Written, tested against the contract, installed, and given only what it wants.'],
  ['cd /usr/local/lib && audispctl plugin new hello --lang sh && ls hello'],
  ['cd /usr/local/lib/hello && ./test.sh'],
  ['cp /usr/local/lib/hello/*.conf /etc/audispd/audispd.d/ && audispctl check'],
  ['audispctl reload'],
  ['audispctl enable hello'],
  ['audispctl status'],
  ['audispctl ledger'],
  ['And out again'],
  ['audispctl uninstall --reload --yes'],
  ['apt-get purge -qq audispd'],
]

const deb = resolve(process.argv[2] ?? 'build/packages/audispd_0.1.0_amd64.deb')
const audit = /^enabled (\d+)[^]*^backlog_limit (\d+)/m.exec(execFileSync('auditctl', ['-s'], { encoding: 'utf8' }))
execFileSync('test/fixtures/packages/debian-base.sh', ['bookworm', BASE, PACKAGES], { stdio: 'inherit' })
const root = machine()
const lines = [
  '# First steps',
  '',
  'On a Debian 12 with auditd, rsyslog and nothing else. `npm run first-steps` has typed this and wrote down what came of it.',
]
const began = Date.now()
try {
  for (const [command, second] of STEPS) {
    if (!/^(apt-get|audispctl|auditctl|cd|cp|ls) /.test(command))
      lines.push('', `## ${command}`, ...(second === undefined ? [] : ['', second]))
    else lines.push('', ...typed(command.replace('{DEB}', basename(deb)), second))
  }
  lines.push('', `All of it took ${Math.round((Date.now() - began) / 1000)} s, without the time for reading.`, '')
} finally {
  end()
}
writeFileSync(PAGE, lines.join('\n'))

/** Runs a command there; what a reader sees of it. */
function typed(command, shown = command) {
  const start = Date.now()
  const run = inside(command)
  const seconds = ((Date.now() - start) / 1000).toFixed(1)
  const said = run.stdout.trimEnd().split('\n')
  const cut = said.length > MAX_SHOWN_LINES ? [...said.slice(0, MAX_SHOWN_LINES), '…'] : said
  process.stderr.write(`${seconds} s, status ${run.status}: ${command}\n`)
  return [
    '```console',
    `# ${shown}`,
    ...cut.filter((line) => line !== '' && !line.startsWith('debconf: delaying')),
    `(${seconds} s${run.status === 0 ? '' : `, exit status ${run.status}`})`,
    '```',
  ]
}

function inside(command) {
  return spawnSync(
    'chroot',
    [
      root,
      '/usr/bin/env',
      '-i',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
      'DEBIAN_FRONTEND=noninteractive',
      'LC_ALL=C.UTF-8',
      '/bin/bash',
      '-c',
      `exec 2>&1; cd; ${command}`,
    ],
    { encoding: 'utf8', timeout: STEP_MS },
  )
}

/** The directory with its overlay, where the syslog server and auditd run. */
function machine() {
  const dir = mkdtempSync('/tmp/first-steps-')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'none', dir])
  execFileSync('mkdir', [join(dir, 'changed'), join(dir, 'work'), join(dir, 'root')])
  const at = join(dir, 'root')
  execFileSync('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${BASE},upperdir=${dir}/changed,workdir=${dir}/work`,
    at,
  ])
  execFileSync('mount', ['-t', 'proc', 'proc', join(at, 'proc')])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'none', join(at, 'run')])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'none', join(at, 'dev')])
  for (const device of ['null', 'zero', 'full', 'random', 'urandom', 'tty'])
    execFileSync('cp', ['-a', `/dev/${device}`, join(at, 'dev')])
  execFileSync('ln', ['-s', '/proc/self/fd', join(at, 'dev/fd')])
  execFileSync('mkdir', [join(at, 'dev/pts')])
  execFileSync('mount', ['-t', 'devpts', '-o', 'newinstance,ptmxmode=0666', 'none', join(at, 'dev/pts')])
  execFileSync('ln', ['-s', 'pts/ptmx', join(at, 'dev/ptmx')])
  execFileSync('cp', [deb, join(at, 'root')])
  // Without systemd nothing else starts them, nor makes this directory.
  const up = spawnSync(
    'chroot',
    [at, '/bin/bash', '-c', 'mkdir -p /run/rsyslog; sed -i /imklog/d /etc/rsyslog.conf; rsyslogd; auditd; sleep 1'],
    { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  )
  if (up.status !== 0) throw new Error(`no machine: ${up.stdout}${up.stderr}`)
  return at
}

/** Ends what still runs there, and nothing else: whoever has that root. */
function end() {
  const dir = resolve(root, '..')
  const found = spawnSync(
    'sh',
    ['-c', `for p in /proc/[0-9]*; do [ "$(readlink $p/root)" = "${root}" ] && echo \${p#/proc/}; done`],
    { encoding: 'utf8' },
  )
  for (const pid of found.stdout.trim().split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGTERM')
    } catch {
      // ESRCH: it has ended with another.
    }
  }
  spawnSync('sleep', ['2'])
  for (const at of ['dev/pts', 'dev', 'run', 'proc', '']) spawnSync('umount', ['-l', join(root, at)])
  spawnSync('umount', ['-l', dir])
  rmSync(dir, { recursive: true, force: true })
  if (audit !== null) execFileSync('auditctl', ['-e', audit[1], '-b', audit[2]], { stdio: 'ignore' })
}
