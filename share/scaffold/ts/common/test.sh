#!/bin/sh
# Compiles the plugin, tests it without a process, and then holds it against its contract. AUDISPCTL names the audispctl
# to use; arguments are options of `audispctl plugin test`.
here=$(cd "$(dirname "$0")" && pwd) || exit
node=${NODE:-$(command -v node)}
"$node" "$here/node_modules/typescript/bin/tsc" -p "$here" || exit
"$node" --test "$here/build/plugin.test.js" || exit
exec "${AUDISPCTL:-audispctl}" plugin test --direction @DIRECTION@ "$@" -- "$node" "$here/build/main.js"
