# What stands above is made from audispctl's own table of verbs. Below: how bash completes audispctl(8) with it.

# The names of drop-ins: of the configuration that -c names, or of the usual places.
_audispctl_plugins() {
  local dir file name dirs=(/usr/lib/audispd/audispd.d /etc/audispd/audispd.d)
  [[ -z $1 ]] || dirs=("$1/audispd.d")
  for dir in "${dirs[@]}"; do
    for file in "$dir"/*.conf; do
      name=${file##*/}
      name=${name%.conf}
      # What no plugin can be called stays out of the command line.
      [[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9_@+-]*$ ]] && printf '%s\n' "$name"
    done
  done
}

_audispctl() {
  local current=${COMP_WORDS[COMP_CWORD]} verb='' key=- dir='' word values at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    values=" ${_audispctl_values[$key]-} "
    if [[ $values == *" $word "* ]]; then
      # An option's value: a file, or something that only its user knows.
      ((at + 1 < COMP_CWORD)) || return 0
      [[ $word != -c && $word != --config-dir ]] || dir=${COMP_WORDS[at + 1]}
      ((at++))
    elif [[ $word != -* && -z $verb ]]; then
      verb=$word key=$word
    elif [[ $word != -* && $key == "$verb" && " ${_audispctl_words[$verb]-} " == *" $word "* ]]; then
      key="$verb $word"
    fi
  done
  if [[ -z $verb ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$_audispctl_verbs --help --version" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_audispctl_options[$key]-}" -- "$current")
  elif [[ ${_audispctl_words[$key]-} == @plugin ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_audispctl_plugins "$dir")" -- "$current")
  elif [[ ${_audispctl_words[$key]-} != @file ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_audispctl_words[$key]-}" -- "$current")
  fi
}

# Where nothing is offered, names of files are.
complete -o bashdefault -o default -F _audispctl audispctl
