#!/bin/sh
# Tests the plugin without a process, and then holds it against its contract. AUDISPCTL names the audispctl to use;
# arguments are options of `audispctl plugin test`.
here=$(cd "$(dirname "$0")" && pwd) || exit
node=${NODE:-$(command -v node)}
"$node" --test "$here/plugin.test.js" || exit
exec "${AUDISPCTL:-audispctl}" plugin test --direction @DIRECTION@ "$@" -- "$node" "$here/main.js"
