import { test } from 'tap'
import { DISK_CHECKS } from '../../../src/ctl/doctor/disks.js'
import { AUDITD_CONF, complaints, eachIsNamed, findings, STREAM_DIR, type Illness } from './patient.js'

const SPOOL = `/usr/bin/stat -f -c %S %b %a %c %d -- ${STREAM_DIR}`

/** What stat says of the spool's file system: block size, blocks, free ones, inodes, free ones. */
function spool(line: string): Illness {
  return { programs: { [SPOOL]: `${line}\n` } }
}

void test('each fault of a disk is named', async (t) => {
  await eachIsNamed(t, DISK_CHECKS, [
    [
      'full',
      spool('4096 1000 0 100 90'),
      /^fail disks\.room: \S+remote-send \(spool_dir.*0 MiB of 3 MiB are left: the disk is full -> du -xh /,
    ],
    ['nearly', spool('4096 100000 3000 100 90'), /^warn disks\.room: .*are left/],
    ['inodes', spool('4096 100000 90000 1000 0'), /^fail disks\.room: .*0 of 1000 inodes/],
    ['few inodes', spool('4096 100000 90000 1000 5'), /^warn disks\.room: .*5 of 1000 inodes/],
    [
      'space_left',
      { files: { '/etc/audit/auditd.conf': `${AUDITD_CONF}space_left = 10000\n` } },
      /^warn disks\.room: \/var\/log\/audit .*less than space_left/,
    ],
    [
      'dead',
      { programs: { [SPOOL]: { kind: 'late' } } },
      /^fail disks\.room: .*the file system hangs -> umount -f -l /,
    ],
    [
      'read-only',
      {
        programs: { [`/usr/bin/stat -L -c %m -- ${STREAM_DIR}`]: '/var/spool\n' },
        files: { '/proc/self/mountinfo': '9 1 8:2 / /var/spool ro,relatime - ext4 /dev/sdb rw\n' },
      },
      /^fail disks\.room: .*mounted read-only -> mount -o remount,rw \/var\/spool$/,
    ],
  ])
})

void test('a small share of a large disk is room enough, and inodes may be without number', async (t) => {
  t.same(await complaints(DISK_CHECKS, spool('4096 1000000000 6000000 0 0')), [])
})

void test('what is looked at follows the configuration', async (t) => {
  const files = {
    '/etc/audispd/remote-send.conf': 'spool_dir = /data/spool\n',
    '/etc/audispd/audispd.conf': 'log = file:/data/log/audispd.log\n',
    '/etc/audit/auditd.conf': `${AUDITD_CONF}write_logs = no\n`,
  }
  const [found] = await findings(DISK_CHECKS, { files })
  t.match(found, { level: 'ok', what: 'room in /data/spool, /data/log, /run' })
})
