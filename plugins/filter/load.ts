// Everything that the filter runs by, read and checked at once: filter.conf, or a rule file alone, and the rules.

import type { Problem } from '../../src/config.js'
import { REAL_DISK, type Disk } from '../../src/config/disk.js'
import { loadTrusted, readTrusted } from '../../src/config/trusted-file.js'
import { DEFAULT_CONFIG, FILTER_KEYS, readConfig, type FilterConfig } from './config.js'
import type { FilterRule } from './rule.js'
import { hasVerbs, loadRules, type RuleForm } from './rule-file.js'

const VERBS: RuleForm = { kind: 'verbs' }

export interface Setup {
  readonly config: FilterConfig
  readonly rules: readonly FilterRule[]
}

export interface LoadedSetup {
  /** Undefined: at least one of the problems is an error. */
  readonly setup: Setup | undefined
  readonly problems: readonly Problem[]
}

/** Reads a filter.conf and the rules that it names. */
export function loadSetup(file: string, disk: Disk = REAL_DISK): LoadedSetup {
  const { config, problems } = loadTrusted(file, (bytes) => readConfig(bytes, file), disk)
  if (config === undefined) return { setup: undefined, problems }
  const read = loadRules(config.ruleFiles, VERBS, disk)
  const all = [...problems, ...read.problems]
  return { setup: read.rules && { config, rules: read.rules }, problems: all }
}

/** The rules of one file as they would run alone: with verbs, or conditions as audisp-filter has them, which keep. */
export function loadRuleFile(file: string, disk: Disk = REAL_DISK): LoadedSetup {
  const found = readTrusted(file, { kind: 'anybody' }, disk)
  const isBare = found.kind === 'read' && !hasVerbs(found.bytes)
  return loadAlone(file, isBare ? { kind: 'bare', verb: 'keep' } : VERBS, isBare ? 'drop' : 'keep', disk)
}

/** As audisp-filter means it: an allowlist names what is dropped, a blocklist what is kept. */
export function loadTheirs(file: string, mode: 'allowlist' | 'blocklist', disk: Disk = REAL_DISK): LoadedSetup {
  return mode === 'allowlist'
    ? loadAlone(file, { kind: 'bare', verb: 'drop' }, 'keep', disk)
    : loadAlone(file, { kind: 'bare', verb: 'keep' }, 'drop', disk)
}

/** Whichever of the three kinds of file it is. */
export function loadAny(file: string, disk: Disk = REAL_DISK): LoadedSetup {
  const found = readTrusted(file, { kind: 'anybody' }, disk)
  const isConfig = found.kind !== 'read' || hasKeys(found.bytes)
  return isConfig ? loadSetup(file, disk) : loadRuleFile(file, disk)
}

function loadAlone(file: string, form: RuleForm, byDefault: 'keep' | 'drop', disk: Disk): LoadedSetup {
  const { rules, problems } = loadRules([file], form, disk)
  const config = { ...DEFAULT_CONFIG, ruleFiles: [file], default: byDefault }
  return { setup: rules && { config, rules }, problems }
}

/** A rule compares with `r=` and the like; a single `=` behind one of our keys is a filter.conf. */
function hasKeys(bytes: Buffer): boolean {
  const keys = bytes.toString('latin1').matchAll(/^[ \t]*([a-z_]+)[ \t]*=(?!=)/gim)
  return [...keys].some(([, key = '']) => FILTER_KEYS.some((known) => known === key.toLowerCase()))
}
