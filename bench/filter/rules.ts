/** System calls that people watch. */
const CALLS = [
  'execve open openat unlink unlinkat rename renameat chmod fchmodat chown',
  'mount umount2 ptrace init_module delete_module setuid setgid connect bind kill',
].flatMap((names) => names.split(' '))

/**
 * 200 rules as an admin might have them: by key, path, program, system call and user, by what a user-space program said, and
 * with regular expressions. None of them matches the recordings, so every record has to pass all of them.
 */
export const RULES: readonly string[] = [
  ...CALLS.flatMap((call) => [
    `\\record_type == SYSCALL && syscall i= ${call} && uid >= 1000 && success r= yes && exe i= "/opt/none/${call}"`,
    `\\record_type == SYSCALL && arch i= x86_64 && syscall i= ${call} && auid i= nobody-${call}`,
  ]),
  ...times(40, (n) => `key i= "watch-${n}"`),
  ...times(40, (n) => `\\record_type == PATH && name i= "/etc/secret/file-${n}"`),
  ...times(30, (n) => `exe i= "/usr/local/sbin/tool-${n}" && !(uid r= 0)`),
  ...times(15, (n) => `comm r= "\\"daemon-${n}\\"" || exe r= "\\"/usr/sbin/daemon-${n}\\""`),
  ...times(10, (n) => `\\record_type == USER_LOGIN && acct i= "user-${n}" && res i= failed`),
  ...times(10, (n) => `\\record_type == EXECVE && \\regexp /a[0-9]+="--secret-${n}[a-z]*"/`),
  ...times(5, (n) => `\\regexp /passwd-${n}|shadow-${n}[0-9]+/`),
  ...times(5, (n) => `uid >= 5000${n} && uid <= 5000${n} && auid !== -1`),
  ...times(5, (n) => `\\record_type == AVC && seresult r= denied && scontext r= "context-${n}"`),
]

function times(count: number, rule: (n: number) => string): string[] {
  return Array.from({ length: count }, (_, n) => rule(n))
}
