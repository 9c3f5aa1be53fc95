import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { remoteDirs } from '../../src/remote/remote-dirs.js'

const USUAL = ['/var/spool/audispd/remote-send', '/var/lib/audispd/remote-recv']

void test('the usual places, and those that configuration files name', async (t) => {
  const dir = t.testdir({
    'remote-recv.conf': 'journal_dir = /srv/journal\n# spool_dir = /no\n',
    'to-backup.conf': 'server = b\nSPOOL_DIR = /srv/spool-b\n',
    'remote-send.conf': 'server = a\nspool_dir = /var/spool/audispd/remote-send\n',
    'bad.conf': 'journal_dir = relative\n\u0000\n; junk\n',
    'old.conf.bak': 'journal_dir = /no\n',
    '.hidden.conf': 'journal_dir = /no\n',
  })
  mkdirSync(join(dir, 'directory.conf'))
  t.same(await remoteDirs(dir), [...USUAL, '/srv/journal', '/srv/spool-b'])
  t.same(await remoteDirs(join(dir, 'absent')), USUAL)
})
