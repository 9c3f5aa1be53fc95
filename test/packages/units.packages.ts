// The files for systemd, and for logrotate, held against the programs that read them.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { DEB, outputOf, scene } from './built.js'

const UNIT = 'usr/lib/systemd/system/audispd-collector.service'
const LOGROTATE = '/usr/sbin/logrotate'
const MAX_EXPOSURE = 5

function installed(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-units-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  outputOf('dpkg-deb', ['--extract', DEB, dir])
  return dir
}

const noSystemd = existsSync('/usr/bin/systemd-analyze') ? false : 'no systemd-analyze'

scene(
  'systemd-analyze has nothing to say about the unit',
  (t) => {
    const dir = installed(t)
    // What it names has to be there: below another root, as on a machine where it is installed.
    outputOf('cp', ['-a', '/usr/lib/systemd/system/.', join(dir, 'usr/lib/systemd/system')])
    mkdirSync(join(dir, 'bin'), { recursive: true })
    outputOf('cp', ['/bin/sh', join(dir, 'bin/sh')])
    const verified = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', `--root=${dir}`, 'audispd-collector.service'],
      { encoding: 'utf8' },
    )
    const about = `${verified.stdout}${verified.stderr}`.split('\n').filter((line) => line.includes('audispd'))
    t.same(about, [])
    t.equal(verified.status, 0, verified.stderr)
    const security = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', join(dir, UNIT)], {
      encoding: 'utf8',
    })
    const [, score = '10'] = /Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout) ?? []
    t.comment(security.stdout.trim().split('\n').at(-1) ?? security.stderr)
    t.ok(Number(score) < MAX_EXPOSURE, `exposure ${score}`)
    t.end()
  },
  noSystemd,
)

scene(
  'the drop-in for auditd.service is one, whatever of it is wanted',
  (t) => {
    const dir = installed(t)
    const text = readFileSync(join(dir, 'usr/share/doc/audispd/examples/auditd.service.d/audispd.conf'), 'utf8')
    const unit = join(dir, 'auditd.service')
    writeFileSync(unit, `[Service]\nExecStart=/bin/true\n${text.replaceAll(/^#(?=[A-Z]\w+=)/gm, '')}`)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })
    t.same(
      stderr.split('\n').filter((line) => line.includes('auditd.service:')),
      [],
    )
    t.equal(status, 0, stderr)
    t.end()
  },
  noSystemd,
)

scene(
  'systemd-tmpfiles makes the directories, systemd-sysusers the group',
  (t) => {
    const dir = installed(t)
    outputOf('cp', ['/etc/passwd', '/etc/group', join(dir, 'etc')])
    const create = (): string => outputOf('systemd-tmpfiles', ['--create', `--root=${dir}`, 'audispd.conf'])
    create()
    const modeOf = (path: string): string => (statSync(join(dir, path)).mode & 0o7777).toString(8)
    t.equal(modeOf('var/lib/audispd'), '700')
    t.equal(modeOf('var/spool/audispd'), '700')
    t.equal(modeOf('var/log/audispd'), '750')
    outputOf('chmod', ['755', join(dir, 'var/log/audispd')])
    create()
    t.equal(modeOf('var/log/audispd'), '755', 'what an admin has changed stays')
    outputOf('systemd-sysusers', [`--root=${dir}`, 'audispd.conf'])
    t.match(readFileSync(join(dir, 'etc/group'), 'utf8'), /^audispd:/m)
    t.end()
  },
  noSystemd,
)

scene(
  "logrotate takes the file for the daemon's log",
  (t) => {
    const dir = installed(t)
    const log = join(dir, 'var/log/audispd/audispd.log')
    mkdirSync(join(dir, 'var/log/audispd'), { recursive: true })
    writeFileSync(log, 'a line\n')
    const conf = join(dir, 'logrotate.conf')
    const shipped = readFileSync(join(dir, 'etc/logrotate.d/audispd'), 'utf8')
    const told = join(dir, 'told')
    writeFileSync(
      conf,
      shipped
        .replaceAll('/var/log/audispd/audispd.log', log)
        .replace('/usr/sbin/audispctl reload', `echo reload >${told}; :`),
    )
    outputOf(LOGROTATE, ['--debug', conf])
    outputOf(LOGROTATE, ['--force', '--state', join(dir, 'state'), conf])
    t.equal(readFileSync(`${log}.1`, 'utf8'), 'a line\n')
    t.equal(readFileSync(log, 'utf8'), '')
    t.equal(readFileSync(told, 'utf8'), 'reload\n', 'and tells the daemon')
    t.end()
  },
  existsSync(LOGROTATE) ? false : 'no logrotate: scripts/install-peers.sh packages',
)
