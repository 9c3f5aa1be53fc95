import { resolve } from 'node:path'
import type { ParseArgsConfig } from 'node:util'
import type { Host } from './host.js'

export type VerbOptions = NonNullable<ParseArgsConfig['options']>

/** What a verb consists of, for those who run it and for the shell that completes it. */
export interface VerbProgram {
  readonly run: (args: readonly string[], host: Host) => Promise<number>
  readonly options?: VerbOptions
  /** What stands behind it beside options: names of plugins, files, or one of these words. */
  readonly words?: 'plugin' | 'file' | readonly string[]
  /** A verb of two words has its options by the second. */
  readonly verbs?: Readonly<Record<string, VerbOptions>>
}

export interface Verb {
  readonly group: keyof typeof GROUPS
  readonly summary: string
  /** Loaded when it is called for and not before: audispctl has many verbs, and whoever looks at one waits for one. */
  readonly load: () => Promise<VerbProgram>
}

/** The headings of the help, in their order. */
export const GROUPS = {
  see: 'See how it is',
  change: 'Change what runs',
  files: 'Configuration and plugins',
  remote: 'Records on their way to another machine',
} as const

export const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  [
    'status',
    {
      group: 'see',
      summary: 'whether anything is missing, and what to do about it',
      load: async () => {
        const { status, OPTIONS } = await import('./status.js')
        return { run: status, options: OPTIONS, words: 'plugin' }
      },
    },
  ],
  [
    'ledger',
    {
      group: 'see',
      summary: 'what became of every record, who lost which, and why',
      load: async () => {
        const { ledger, OPTIONS } = await import('./ledger.js')
        return { run: ledger, options: OPTIONS, words: 'plugin' }
      },
    },
  ],
  [
    'top',
    {
      group: 'see',
      summary: 'how the plugins fare and who makes the noise, live',
      load: async () => {
        const { top, OPTIONS } = await import('./top.js')
        return { run: top, options: OPTIONS }
      },
    },
  ],
  [
    'tap',
    {
      group: 'see',
      summary: 'records as they pass, without taking them from anybody',
      load: async () => {
        const { tap, OPTIONS } = await import('./tap.js')
        return { run: tap, options: OPTIONS }
      },
    },
  ],
  [
    'doctor',
    {
      group: 'see',
      summary: 'what is wrong, from the kernel to the collector, and what mends it',
      load: async () => {
        const { doctor, OPTIONS } = await import('./doctor/doctor.js')
        const program = resolve(import.meta.dirname, '../../bin/audispd')
        return { run: (args, host) => doctor(args, host, program), options: OPTIONS }
      },
    },
  ],
  [
    'logs',
    {
      group: 'see',
      summary: "the last of the daemon's log, and what plugins said",
      load: async () => {
        const { logs, OPTIONS } = await import('./logs.js')
        return { run: logs, options: OPTIONS, words: 'plugin' }
      },
    },
  ],
  ['start', pluginVerbOf('start', 'start a plugin that was stopped, or that has failed')],
  ['stop', pluginVerbOf('stop', 'stop a plugin until it is started again')],
  ['restart', pluginVerbOf('restart', 'stop a plugin and start it again')],
  ['resume', pluginVerbOf('resume', 'let queues take records again that were suspended')],
  ['enable', switchVerbOf('enable', 'start a plugin now and whenever audispd starts')],
  ['disable', switchVerbOf('disable', 'stop a plugin and start it no more')],
  [
    'reload',
    {
      group: 'change',
      summary: 'let the daemon read its configuration again',
      load: async () => {
        const { reload, OPTIONS } = await import('./reload.js')
        return { run: reload, options: OPTIONS }
      },
    },
  ],
  [
    'replay',
    {
      group: 'files',
      summary: 'recorded records through the plugins again',
      load: async () => {
        const { replay, OPTIONS } = await import('./replay.js')
        const program = resolve(import.meta.dirname, '../../bin/audispd')
        return { run: (args, host) => replay(args, host, program), options: OPTIONS, words: 'file' }
      },
    },
  ],
  [
    'install',
    {
      group: 'change',
      summary: 'make auditd start audispd',
      load: async () => {
        const { install, OPTIONS } = await import('./install.js')
        const { waitForDaemon } = await import('./daemon-wait.js')
        const program = resolve(import.meta.dirname, '../../bin/audispd')
        return { run: (args, host) => install(args, host, program, waitForDaemon), options: OPTIONS }
      },
    },
  ],
  [
    'uninstall',
    {
      group: 'change',
      summary: 'take out what install wrote',
      load: async () => {
        const { uninstall } = await import('./uninstall.js')
        const { CHANGE_OPTIONS } = await import('./verb-options.js')
        return { run: uninstall, options: CHANGE_OPTIONS }
      },
    },
  ],
  [
    'check',
    {
      group: 'files',
      summary: 'every mistake in the configuration, with its file and line',
      load: async () => {
        const { check, OPTIONS } = await import('./check.js')
        return { run: (args, host) => check(args, host), options: OPTIONS }
      },
    },
  ],
  [
    'config',
    {
      group: 'files',
      summary: 'what the configuration says, key by key, and where',
      load: async () => {
        const { config, CONFIG_VERBS } = await import('./config.js')
        return { run: config, verbs: CONFIG_VERBS, words: 'plugin' }
      },
    },
  ],
  [
    'plugin',
    {
      group: 'files',
      summary: 'test a plugin against its contract, or write a new one',
      load: async () => {
        const { plugin, PLUGIN_VERBS } = await import('./plugin.js')
        return { run: plugin, verbs: PLUGIN_VERBS, words: 'file' }
      },
    },
  ],
  [
    'completion',
    {
      group: 'files',
      summary: 'what lets bash complete all this',
      load: async () => {
        const { completion, OPTIONS } = await import('./completion.js')
        return { run: completion, options: OPTIONS, words: ['bash'] }
      },
    },
  ],
  [
    'remote',
    {
      group: 'remote',
      summary: 'how records fare that go to another machine, or come from one',
      load: async () => {
        const { remote, REMOTE_VERBS } = await import('./remote.js')
        return { run: remote, verbs: REMOTE_VERBS, words: 'file' }
      },
    },
  ],
  [
    'cert',
    {
      group: 'remote',
      summary: 'certificates for records on their way to another machine',
      load: async () => {
        const { cert, CERT_VERBS } = await import('./cert.js')
        return { run: cert, verbs: CERT_VERBS, words: 'file' }
      },
    },
  ],
])

function pluginVerbOf(verb: 'start' | 'stop' | 'restart' | 'resume', summary: string): Verb {
  return {
    group: 'change',
    summary,
    load: async () => {
      const { pluginVerb, OPTIONS } = await import('./plugin-verbs.js')
      return { run: (args, host) => pluginVerb(verb, args, host), options: OPTIONS, words: 'plugin' }
    },
  }
}

function switchVerbOf(verb: 'enable' | 'disable', summary: string): Verb {
  return {
    group: 'change',
    summary,
    load: async () => {
      const { switchVerb, OPTIONS } = await import('./switch.js')
      return { run: (args, host) => switchVerb(verb, args, host), options: OPTIONS, words: 'plugin' }
    },
  }
}
