#!/bin/sh
# Holds the plugin against its contract. AUDISPCTL names the audispctl to use; arguments are options of `plugin test`.
here=$(cd "$(dirname "$0")" && pwd) || exit
exec "${AUDISPCTL:-audispctl}" plugin test --direction @DIRECTION@ "$@" -- "$here/@NAME@.sh"
