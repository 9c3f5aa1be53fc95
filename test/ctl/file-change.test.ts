import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { CtlError, problemText } from '../../src/ctl/ctl-error.js'
import { applyChange, changesAnything, diffOf, readState, type FileChange } from '../../src/ctl/file-change.js'
import type { FilePort, OpenFile } from '../../src/ctl/host.js'
import { everything, jailed, plant } from './fake-host.js'

const PATH = '/etc/audit/auditd.conf'
const OLD = 'old = caf\u00e9\n'

async function prepared(root: string): Promise<{ files: FilePort; change: FileChange }> {
  await plant(root, { [PATH]: Buffer.from(OLD, 'latin1') })
  await fs.chmod(join(root, PATH), 0o604)
  const files = jailed(root)
  const before = await readState(files, PATH)
  if (before === undefined) throw new Error('the file is there')
  return { files, change: { path: PATH, before, after: { ...before, text: 'new = \u00ff\n' } } }
}

async function failureOf(applied: Promise<void>): Promise<string> {
  try {
    await applied
    return 'none'
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    return `${error.code}: ${error.problems.map(problemText).join('\n')}`
  }
}

function noSpace(): Promise<never> {
  return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
}

/** A port whose new files fail at one step. */
function failingAt(files: FilePort, step: keyof OpenFile, path: RegExp): FilePort {
  return {
    ...files,
    open: async (name, flags, mode) => {
      const file = await files.open(name, flags, mode)
      if (!path.test(name)) return file
      const half = async (bytes: Buffer): Promise<void> => {
        await file.writeFile(bytes.subarray(0, 3))
        return noSpace()
      }
      const closed = async (): Promise<void> => {
        await file.close()
        return noSpace()
      }
      return {
        ...file,
        [step]: noSpace,
        ...(step === 'writeFile' && { writeFile: half }),
        ...(step === 'close' && { close: closed }),
      }
    },
  }
}

void test('a change keeps owner and mode, and every byte', async (t) => {
  const root = t.testdir()
  const { files, change } = await prepared(root)
  await applyChange(files, change)
  t.same(await readState(files, PATH), change.after)
  t.same(await everything(root), { [PATH]: 'new = \u00ff\n' }, 'nothing is left beside it')
})

void test('a file is made and removed', async (t) => {
  const root = t.testdir()
  const { files } = await prepared(root)
  const path = '/etc/audit/new.conf'
  const state = { text: 'a\n', mode: 0o640, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  await applyChange(files, { path, before: undefined, after: state })
  t.match(await readState(files, path), { text: 'a\n', mode: 0o640 })
  await applyChange(files, { path, before: state, after: undefined })
  t.equal(await readState(files, path), undefined)
})

void test('an interrupted write leaves the old file and nothing else', async (t) => {
  for (const step of ['writeFile', 'chmod', 'sync', 'close'] as const) {
    const root = t.testdir()
    const { files, change } = await prepared(root)
    const failure = await failureOf(applyChange(failingAt(files, step, /\/\.auditd\.conf\./), change))
    t.match(failure, `system: ${PATH}: cannot be written: no space left on device; it is as it was\n  `, step)
    t.same(await everything(root), { [PATH]: OLD }, step)
  }
})

void test('a rename that fails leaves the old file and nothing else', async (t) => {
  const root = t.testdir()
  const { files, change } = await prepared(root)
  const failure = await failureOf(applyChange({ ...files, rename: noSpace }, change))
  t.match(failure, 'it is as it was')
  t.same(await everything(root), { [PATH]: OLD })
})

void test('the text is on the disk before it takes the name, and the name after it', async (t) => {
  const root = t.testdir()
  const { files, change } = await prepared(root)
  const steps: string[] = []
  const watched: FilePort = {
    ...files,
    open: async (name, flags, mode) => {
      const file = await files.open(name, flags, mode)
      const what = name === '/etc/audit' ? 'directory' : 'file'
      return {
        ...file,
        sync: async () => {
          steps.push(`sync ${what}`)
          await file.sync()
        },
      }
    },
    rename: async (from, to) => {
      steps.push('rename')
      await files.rename(from, to)
    },
  }
  await applyChange(watched, change)
  t.same(steps, ['sync file', 'rename', 'sync directory'])
})

void test('a directory that cannot be synced is told, for the change is made', async (t) => {
  const root = t.testdir()
  const { files, change } = await prepared(root)
  const failure = await failureOf(applyChange(failingAt(files, 'sync', /\/audit$/), change))
  t.match(failure, /system: \/etc\/audit: is changed, but a power cut may undo it: no space left/)
  t.equal((await readState(files, PATH))?.text, 'new = \u00ff\n')
})

void test('a file that changed since the diff is left alone', async (t) => {
  const root = t.testdir()
  const { files, change } = await prepared(root)
  await fs.writeFile(join(root, PATH), 'somebody else\n')
  t.match(await failureOf(applyChange(files, change)), `config: ${PATH}: changed since the diff was shown`)
  t.equal((await readState(files, PATH))?.text, 'somebody else\n')
  t.match(await failureOf(applyChange(files, { ...change, before: undefined })), 'changed since')
})

void test('what cannot be read is told, and is not taken for absent', async (t) => {
  const root = t.testdir()
  await plant(root, { '/etc/big': Buffer.alloc(1024 * 1024 + 1) })
  const files = jailed(root)
  for (const [path, reason] of [
    ['/etc', 'not a regular file'],
    ['/etc/big', 'larger than 1048576 bytes'],
  ] as const) {
    await t.rejects(readState(files, path), { code: 'system', message: `${path}: cannot be read: ${reason}` })
  }
})

void test('who may not is told who may', async (t) => {
  const root = t.testdir()
  const { files, change } = await prepared(root)
  const denied = () => Promise.reject(Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' }))
  const asRoot = { code: 'denied', problems: [{ file: PATH, mend: 'run the same command as root, as by sudo' }] }
  await t.rejects(readState({ ...files, readFile: denied }, PATH), asRoot)
  await t.rejects(applyChange({ ...files, open: denied }, change), asRoot)
})

void test('owner and mode are part of a change, and of what is shown', async (t) => {
  const before = { text: 'a\n', mode: 0o666, uid: 1000, gid: 1000 }
  const after = { text: 'a\n', mode: 0o640, uid: 0, gid: 0 }
  t.notOk(changesAnything({ path: PATH, before, after: before }))
  t.ok(changesAnything({ path: PATH, before, after }))
  t.equal(diffOf({ path: PATH, before, after }), `# ${PATH}: owner 1000:1000, mode 0666 -> owner 0:0, mode 0640\n`)
  t.equal(
    diffOf({ path: PATH, before: undefined, after }),
    `# ${PATH}: owner 0:0, mode 0640\n--- /dev/null\n+++ ${PATH}\n@@ -0,0 +1 @@\n+a\n`,
  )
  t.equal(diffOf({ path: PATH, before, after: undefined }), `--- ${PATH}\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n`)
})
