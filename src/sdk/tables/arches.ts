// Made by scripts/generate-names.mjs from linux/audit.h and linux/elf-em.h of the Linux kernel,
// as in Debian's linux-libc-dev 7.3.4-1~bpo13+1. Not to be edited.

/** Architectures, as arch= has them. */
export const ARCHES = `
c000003e x86_64 40000003 i386 c00000b7 aarch64 40000028 arm 28 armeb 14 ppc 80000015 ppc64 c0000015 ppc64le 16 s390
80000016 s390x c00000f3 riscv64 c0000102 loongarch64 c0009026 alpha c0000032 ia64
`
