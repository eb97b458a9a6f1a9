# bash completion for rockets(1)
# SPDX-License-Identifier: Apache-2.0

@file complete.bash

_lunar_launch_values() {
    case $1 in
@cases launch
    esac
}

_lunar_watch_values() {
    case $1 in
@cases watch
    esac
}

# _lunar_rockets_command URL TABLE NAME...: offer URL as long as there is none, but
# not behind a flag that takes a value.
_lunar_rockets_command() {
    local kind='' values='' flag=${last#-}
    [[ $last != -* ]] || "$2" "${flag#-}"
    if [[ -z $kind && $raw != -* && "${words[*]}" != *://* ]]; then
        compopt +o default
        _lunar_offer "$1"
    else
        _lunar_flags "$2" -- "${@:3}"
    fi
}

_lunar_rockets() {
    local words last raw begun
    local launch=(
@names launch
        help
    )
    local watch=(
@names watch
        help
    )
    _lunar_split || return 0
    case ${words[1]-} in
    '')
        compopt +o default
        _lunar_offer launch watch help version
        ;;
    launch)
        _lunar_rockets_command http://localhost:8088/messages \
            _lunar_launch_values "${launch[@]}"
        ;;
    watch)
        _lunar_rockets_command http://localhost:8088 \
            _lunar_watch_values "${watch[@]}"
        ;;
    help)
        compopt +o default
        _lunar_offer launch watch
        ;;
    *) compopt +o default ;;
    esac
}

complete -o default -F _lunar_rockets rockets
