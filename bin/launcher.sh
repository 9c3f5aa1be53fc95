#!/bin/sh
# Starts one of audispd's programs with the right Node and the right flags.
#
# auditd's systemd unit forbids memory that is writable and executable (MemoryDenyWriteExecute), and its children
# inherit that: plain node aborts there, which the kernel records as ANOM_ABEND. So node runs without its compiler
# whenever auditd is the parent, or when --jitless stands first on the command line (what `audispctl install` writes).
here=$(PATH=/usr/bin:/bin && dirname -- "$(readlink -f -- "$0")")
node=@NODE@
[ -x "$node" ] || node=$(command -v node) || {
  echo "$0: no node found: install Node.js 20.19 or later" >&2
  exit 71
}
main=$here/@MAIN@

parent=
[ -r "/proc/$PPID/comm" ] && read -r parent <"/proc/$PPID/comm"
if [ "${1-}" = --jitless ]; then
  shift
elif [ "$parent" != auditd ]; then
  exec "$node" "$main" "$@"
fi
exec "$node" --jitless "$main" "$@"
