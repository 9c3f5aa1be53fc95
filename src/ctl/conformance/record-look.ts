const LOOK = /^(?:node=[^ ]+ )?type=[^ ]+ msg=audit\([0-9]+\.[0-9]+:[0-9]+\):/
/** Names of nodes and types are short. */
const LOOKED_AT_BYTES = 1024

/** Whether bytes begin as an audit record does. */
export function looksLikeRecord(record: Buffer): boolean {
  return LOOK.test(record.toString('latin1', 0, LOOKED_AT_BYTES))
}
