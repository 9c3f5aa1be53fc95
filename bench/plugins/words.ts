// What the plugins of the benchmark say on their stderr, which comes out in the dispatcher's log.

/** It has begun to read: a Node process is there long before it does. */
export const SAYS_READY = 'takes records'
/** Then come three numbers: records before the clock was looked at, records in all, nanoseconds for the others. */
export const SAYS_SETTLED = 'all settled:'
