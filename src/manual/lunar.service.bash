# bash completion for lunar.service(8)
# SPDX-License-Identifier: Apache-2.0

@file complete.bash

_lunar_service_values() {
    case $1 in
@cases service
    esac
}

_lunar_service() {
    local words last raw begun
    local names=(
@names service
    )
    _lunar_split || return 0
    # -new-token has two values, a name and scopes.
    case $last in
    -new-token | --new-token)
        _lunar_value '' any ''
        return
        ;;
    -new-token=* | --new-token=*) last=new-token ;;
    *)
        case ${words[${#words[@]} - 2]} in
        -new-token | --new-token) last=new-token ;;
        esac
        ;;
    esac
    if [[ $last == new-token ]]; then
        local kind='' values=''
        _lunar_service_values new-token
        _lunar_value '' "$kind" "$values"
        return
    fi
    _lunar_flags _lunar_service_values - "${names[@]}"
}

complete -o default -F _lunar_service lunar.service
