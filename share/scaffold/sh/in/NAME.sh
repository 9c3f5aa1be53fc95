#!/bin/sh
# @NAME@: a plugin of audispd that sends records. The next one goes when the one before is settled.
#
# There is no PATH and no locale: what is not built into the shell needs its full path. `IFS=` and -r keep a record as it
# is, and printf prints it as it is, which echo does not.

# Your source: here a file of records beside this script.
# Tried out first: an exec that fails ends the shell at once, by a status of its own.
( : <"${0%/*}/records.txt" ) || exit 78
exec 3<"${0%/*}/records.txt"
n=0

send_next() {
  # Not the status of read: it would be the exit status, should the input end now.
  IFS= read -r record <&3 || return 0
  n=$((n + 1))
  printf 'RECORD %s %s\n' "$n" "$record"
}

while IFS= read -r line; do
  case $line in
    'HELLO '*)
      printf 'READY 1\n'
      send_next
      ;;
    # Settled: taken by all who want it, or refused, which is told on stderr.
    "ACK $n") send_next ;;
    'PING '*) printf 'PONG %s\n' "${line#* }" ;;
    RELOAD) ;;
    STOP) exit 0 ;;
    'ERR '*) printf '%s\n' "$line" >&2 ;;
  esac
done
