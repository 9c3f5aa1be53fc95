// Node without an environment, as a plugin has it. The test runner puts itself into that of every child which a test spawns,
// also into an empty one, and so into every Node; env(1) is the child here, and takes everything out again.

export const ENV = '/usr/bin/env'
export const NODE = ['-i', process.execPath] as const
