// What a plugin author may import, as `audispd/sdk`; nothing else is promised.

export { runPlugin } from './run-plugin.js'
export type { PluginDefinition, Gap } from './plugin-definition.js'
export type { Plugin } from './plugin.js'
export type { Hello } from './hello.js'
export type { RecordBatch, BatchRecord, RecordLines } from './record-batch.js'
export type { PluginSignal, Surroundings } from './surroundings.js'
export { BadConfiguration, CommandError, RefusedRecord, Stopped } from './sdk-error.js'
export { readRecord, type AuditRecord } from '../protocol/record-fields.js'
export type { RecordField } from '../protocol/record-field.js'
export {
  testPlugin,
  type TestCommand,
  type TestDispatcher,
  type TestDispatcherOptions,
  type TestRecord,
} from './test-dispatcher.js'
export type { Clock } from './clock.js'
export { EventAssembler, type AuditEvent, type EventLimits, type Incomplete } from '../protocol/event.js'
export { archName, errnoName, errnoText, syscallName } from './names.js'
export { auparseFields, type AuparseField, type AuparseFields } from './interpret/auparse-fields.js'
export type { AuparseKind } from './interpret/auparse-kinds.js'
export { readAccounts, type Accounts } from './interpret/accounts.js'
export { Interpreter } from './interpret/interpreter.js'
