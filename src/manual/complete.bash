# Shared by the completions of lunar.service and rockets. The two that define
# these functions define the same.

# _lunar_split: set `raw` to the word at the cursor, up to there, `words` to those
# before it, and `last` to the last of these. They are split at blanks only.
# COMP_WORDBREAKS also splits at = and :, and readline replaces only what is behind
# the last of them: `begun` is what it leaves alone. Needs no library. Fails within
# quotes, where bash completes names of files, and knows where the word begins.
_lunar_split() {
    local line=${COMP_LINE:0:COMP_POINT} breaks='' double single
    COMPREPLY=()
    double=${line//[^\"]/} single=${line//[^\']/}
    ((${#double} % 2 == 0 && ${#single} % 2 == 0)) || return
    raw=${line##*[[:blank:]]}
    read -ra words <<<"${line%"$raw"}"
    last=${words[${#words[@]} - 1]}
    [[ $COMP_WORDBREAKS != *=* ]] || breaks+='='
    [[ $COMP_WORDBREAKS != *:* ]] || breaks+=':'
    begun=
    [[ -z $breaks || $raw != *[$breaks]* ]] || begun=${raw%"${raw##*["$breaks"]}"}
}

# _lunar_offer CANDIDATE...: those that begin with what is typed. One that is not
# complete, as -port= or unix:, gets no space.
_lunar_offer() {
    local candidate
    COMPREPLY=()
    for candidate; do
        [[ $candidate != "$raw"* ]] || COMPREPLY+=("${candidate#"$begun"}")
    done
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[=,] ]] || compopt -o nospace
}

# _lunar_value PREFIX KIND VALUES: offer values, behind PREFIX, which is -flag= or
# nothing. Where COMPREPLY stays empty bash completes names of files, and quotes
# them.
_lunar_value() {
    local prefix=$1 kind=$2 value=${raw#"$1"} done='' all rest=()
    read -ra all <<<"$3"
    COMPREPLY=()
    case $kind in
    file) return ;;
    folder) compopt +o default -o dirnames ;;
    any) compopt +o default ;;
    list)
        compopt +o default
        [[ $value != *,* ]] || done=${value%,*},
        for value in "${all[@]}"; do
            [[ ,$done != *",$value,"* ]] || continue
            rest+=("$prefix$done$value")
        done
        _lunar_offer "${rest[@]}"
        ;;
    choice) _lunar_offer "${all[@]/#/$prefix}" ;;
    esac
}

# _lunar_flags TABLE DASHES NAME...: offer the value of the flag that is at the
# cursor or before it, or else flags. TABLE is a function that sets `kind` and
# `values` for a flag that has a value. Behind one dash or two, whichever is typed,
# else behind DASHES.
_lunar_flags() {
    local table=$1 dashes=$2 flag='' prefix='' kind='' values=''
    shift 2
    if [[ $raw == -*=* ]]; then
        flag=${raw%%=*}
        prefix=$flag=
    elif [[ $last == -* && $raw != -* ]]; then
        flag=$last
    fi
    flag=${flag#-}
    flag=${flag#-}
    "$table" "$flag"
    # A value that may be missing is only behind a =.
    if [[ -n $kind && (-n $prefix || " $* " != *" $flag "*) ]]; then
        _lunar_value "$prefix" "$kind" "$values"
        return
    fi
    case $raw in
    --*) dashes=-- ;;
    -?*) dashes=- ;;
    esac
    compopt +o default
    _lunar_offer "${@/#/$dashes}"
}
