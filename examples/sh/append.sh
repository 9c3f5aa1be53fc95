#!/bin/sh
# append: writes each record to the end of a file, and acknowledges it. A plugin with `format = protocol` in POSIX sh.
# Usage: append.sh FILE
#
# What to know about sh here:
# - There is no PATH and no locale: everything below is built into the shell, and bytes are bytes.
# - `IFS=` keeps blanks at both ends of a line, `-r` keeps backslashes. Without them records change.
# - printf, not echo: echo makes something else of backslashes, -n and -e.
# - read fails at the end of input, also when a piece of a line is left. That piece comes again whole: it is not taken.
# - A shell writes what it prints at once, so that no ACK is held back in a buffer. awk, sed or grep in its place would
#   hold it back.
# - A record is here as safe as the kernel makes it: it outlives this process, not the power. To sync each one would need
#   a program to be started each time; the example in Python syncs, and is as safe as a disk.

file=${1:?usage: append.sh FILE}
# Tried out first: an exec that fails ends the shell at once, by a status of its own.
( : >>"$file" ) || exit 78
exec 3>>"$file"

while IFS= read -r line; do
  case $line in
    'RECORD '*)
      rest=${line#RECORD }
      # What cannot be written is not acknowledged: it comes again to the next process.
      printf '%s\n' "${rest#* }" >&3 || exit 1
      printf 'ACK %s\n' "${rest%% *}"
      ;;
    'LOST '*)
      # LOST <count> <first seq> <last seq> <reason>: acknowledged by its last seq, when it is written down.
      printf '# %s\n' "$line" >&3 || exit 1
      rest=${line#LOST * * }
      printf 'ACK %s\n' "${rest%% *}"
      ;;
    'HELLO '*) printf 'READY 1 ack\n' ;;
    'PING '*) printf 'PONG %s\n' "${line#PING }" ;;
    # Its only configuration is the file, which may have been rotated.
    RELOAD)
      ( : >>"$file" ) || exit 78
      exec 3>>"$file"
      ;;
    STOP) exit 0 ;;
    # ERR tells of a mistake; comments, empty lines and whatever may come in later versions mean nothing here.
    'ERR '*) printf '%s\n' "$line" >&2 ;;
  esac
done
