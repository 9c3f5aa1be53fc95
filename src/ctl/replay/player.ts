// An audispd of our own that gets recorded records: the same program with the configured plugins, but with a run directory of its
// own, without a control socket, and with `--replay`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CtlError, systemReason } from '../ctl-error.js'

const LEDGER = / ledger plugin=/
const TROUBLE = /^\S+ (?:warn|error|fatal) |^\S+ info plugin says |^audispd: /
/** Of a plugin that goes on and on the first texts are shown. */
const MOST_TEXTS = 200

/** What became of the records that were for one plugin. */
export interface PlayedLedger {
  readonly plugin: string
  readonly state: string
  readonly in: number
  readonly delivered: number
  readonly filtered: number
  readonly dropped: number
  readonly queued: number
}

export interface PlayerEnd {
  readonly exitStatus: number | null
  readonly ledgers: readonly PlayedLedger[]
}

export interface PlayerParts {
  /** The launcher. */
  readonly program: string
  readonly plugins: readonly string[]
  readonly configDir: string | undefined
  readonly isJitless: boolean
  /** A line of its log that is more than a course of things. */
  readonly tell: (line: string) => void
}

export interface Player {
  /** False: nobody reads any more. */
  write(bytes: Buffer): Promise<boolean>
  /** Nothing more comes; resolves when every plugin has ended. */
  finish(): Promise<PlayerEnd>
  /** Ends it whatever waits. */
  stop(): void
  /** Resolves when it has gone, for whatever reason. */
  readonly gone: Promise<void>
}

export async function startPlayer(parts: PlayerParts): Promise<Player> {
  const runDir = await mkdtemp(join(tmpdir(), 'audispctl-replay-'))
  const args = [
    ...(parts.isJitless ? ['--jitless'] : []),
    ...(parts.configDir === undefined ? [] : ['-c', parts.configDir]),
    '--replay',
    '--input',
    'text',
    '--run-dir',
    runDir,
    '--only',
    ...parts.plugins,
  ]
  // A process group of its own: Ctrl-C is for us, who then tell it to come to an end.
  const child = spawn(parts.program, args, { stdio: ['pipe', 'ignore', 'pipe'], env: {}, cwd: '/', detached: true })
  const { stdin } = child
  // EPIPE: it has gone, which its exit says.
  stdin.on('error', () => {})
  const ledgers = new Map<string, PlayedLedger>()
  let texts = 0
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => {
    if (LEDGER.test(line)) {
      const ledger = ledgerIn(line)
      ledgers.set(ledger.plugin, ledger)
    } else if (TROUBLE.test(line) && texts++ < MOST_TEXTS) parts.tell(line)
  })
  const said = once(lines, 'close')
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => {
      const mend = 'is audispd installed beside audispctl?'
      reject(new CtlError('system', [{ message: `${parts.program}: ${systemReason(error)}`, mend }], { cause: error }))
    })
    child.once('exit', (code) => resolve(code))
  })
  // Whoever finishes hears of it.
  exited.catch(() => {})
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve()).once('exit', () => resolve())
  })
  return {
    write: async (bytes) => {
      if (!stdin.writable) return false
      if (stdin.write(bytes)) return true
      await new Promise<void>((go) => {
        const end = (): void => {
          stdin.off('drain', end).off('close', end)
          go()
        }
        stdin.on('drain', end).on('close', end)
      })
      return stdin.writable
    },
    finish: async () => {
      stdin.end()
      try {
        const exitStatus = await exited
        await said
        return { exitStatus, ledgers: [...ledgers.values()] }
      } finally {
        await rm(runDir, { recursive: true, force: true })
      }
    },
    stop: () => {
      child.kill('SIGTERM')
      child.kill('SIGTERM')
    },
    gone,
  }
}

function ledgerIn(line: string): PlayedLedger {
  const [, fields = ''] = line.split(' ledger ')
  const values = new Map(
    fields.split(' ').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
  )
  const count = (name: string): number => Number(values.get(name) ?? 0)
  return {
    plugin: values.get('plugin') ?? '',
    state: values.get('state') ?? '',
    in: count('in'),
    delivered: count('delivered'),
    filtered: count('filtered'),
    dropped: count('dropped'),
    queued: count('queued'),
  }
}
