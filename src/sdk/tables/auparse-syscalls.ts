// Made by scripts/generate-interpretations.mjs by asking libauparse 3.0.9 of Debian 12. Not to be edited.

/** What x86_64 has otherwise than x86-64. */
export const AUPARSE_X86_64 = `
335 - - 451 - - - - - - - - - - - - - - - - - - - - - -
`

/** What i386 has otherwise than i386. */
export const AUPARSE_I386 = `
451 - - - - - - - - - - - - - - - - - - - - - -
`

/** What ppc has otherwise than ppc. */
export const AUPARSE_PPC = `
0 - 256 - 258 - - - - 392 semtimedop 451 - - - - - - - - - - - - - - - - - - - - - -
`

/** What s390x has otherwise than s390x. */
export const AUPARSE_S390X = `
7 - 110 - 220 - 268 - - - 287 - 310 - 378 - 392 - - - - - - - - - - - 447 - 451 - - - - - - - - - - - - - - - - - - -
- - -
`

/** What s390 has otherwise than s390x. */
export const AUPARSE_S390 = `
7 - 13 time 16 lchown 23 setuid getuid stime 46 setgid getgid 49 geteuid getegid 70 setreuid setregid 76 getrlimit 80
getgroups setgroups 95 fchown 101 ioperm 110 - 138 setfsuid setfsgid _llseek 142 _newselect 164 setresuid getresuid
170 setresgid getresgid 182 chown 191 ugetrlimit mmap2 truncate64 ftruncate64 stat64 lstat64 fstat64 lchown32 getuid32
getgid32 geteuid32 getegid32 setreuid32 setregid32 getgroups32 setgroups32 fchown32 setresuid32 getresuid32
setresgid32 getresgid32 chown32 setuid32 setgid32 setfsuid32 setfsgid32 221 fcntl64 223 sendfile64 264 fadvise64_64
268 - - - 287 - 293 fstatat64 310 - 378 - 392 - - - - - - - - - - - 447 - 451 - - - - - - - - - - - - - - - - - - - -
- -
`

/** What arm has otherwise than arm. */
export const AUPARSE_ARM = `
13 time 22 umount 25 stime 27 alarm 30 utime 76 getrlimit 82 select 89 readdir mmap 102 socketcall 113 syscall 117 ipc
335 - - 346 - 451 - - - - - - - - - - - - - - - - - - - - - -
`

/** What aarch64 has otherwise than aarch64. */
export const AUPARSE_AARCH64 = `
451 - - - - - - - - - - - - - - - - - - - - - -
`
