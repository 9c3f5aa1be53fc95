// Files that whoever started the daemon had open and passed on. Plugins are given stdin, stdout and stderr and nothing more,
// and a socket of auditd's in a plugin would keep auditd from noticing that the daemon is gone. Node marks only the lowest
// descriptors as not to be passed on; one that stands alone further up would go to every plugin.

import { closeSync, readdirSync, readFileSync } from 'node:fs'

const STDERR = 2
const O_CLOEXEC = 0o2000000

/** Closes every file above stderr that a child would inherit: Node itself opens none of that kind. */
export function closeInheritedFiles(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd > STDERR && isInheritable(fd)) closeSync(fd)
  }
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\t([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0
  } catch {
    // ENOENT: it was the listing's own.
    return false
  }
}
