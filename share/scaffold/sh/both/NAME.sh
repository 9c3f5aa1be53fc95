#!/bin/sh
# @NAME@: a plugin of audispd that takes records and sends others. Its next one goes when the one before is settled.
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

# Your work: $1 is a record, `[node=… ]type=… msg=audit(…): …`. When this returns it is acknowledged and never comes
# again; after an `exit 1` it comes again to the next process.
take() {
  :
}

# $1 records will never come, from seq $2 to seq $3, for the reason $4.
miss() {
  printf 'lost %s records: %s\n' "$1" "$4" >&2
}

while IFS= read -r line; do
  rest=${line#* }
  case $line in
    'RECORD '*)
      take "${rest#* }"
      printf 'ACK %s\n' "${rest%% *}"
      ;;
    'LOST '*)
      # No word of this line has a character that the shell would act upon.
      # shellcheck disable=SC2086
      set -- $rest
      miss "$@"
      printf 'ACK %s\n' "$3"
      ;;
    'HELLO '*)
      printf 'READY 1 ack\n'
      send_next
      ;;
    # Settled: taken by all who want it, or refused, which is told on stderr.
    "ACK $n") send_next ;;
    'PING '*) printf 'PONG %s\n' "$rest" ;;
    RELOAD) ;;
    STOP) exit 0 ;;
    'ERR '*) printf '%s\n' "$line" >&2 ;;
  esac
done
