# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# For the other scripts, which source it. The comment at the top of a script is
# its help: what the script does, its usage, exit statuses and an example. The
# usage names every option, so an option that it does not name is an error.
# SCRIPT is the path of the script.

# say TEXT...: print a line on stderr.
say() { printf '%s: %s\n' "${SCRIPT##*/}" "$*" >&2; }

# print_help: print the comment, which follows the SPDX line.
print_help() { sed -n '4,${/^#/!q;s/^# \{0,1\}//p;}' "$SCRIPT"; }

# usage FAULT: print the fault and the usage, and exit.
usage() {
    say "$1"
    print_help | sed -n '/^usage:/,$p' >&2
    exit 2
}

# read_help ARGUMENT...: print the help and exit if one of the arguments asks
# for it. Exit with the usage if one is an option that the usage does not name;
# its value is left to the script.
read_help() {
    for argument in "$@"; do
        case $argument in
        -h | --help | -help)
            print_help
            exit 0
            ;;
        esac
    done
    for argument in "$@"; do
        case $argument in
        -*) is_option "${argument%%=*}" || usage "unknown option $argument" ;;
        esac
    done
}

# is_option NAME: one dash and two are the same.
is_option() {
    name=${1#-}
    name=${name#-}
    case $name in
    '' | -* | *[!a-z-]*) return 1 ;;
    esac
    print_help | sed '1,/^usage:/{/^usage:/!d;}' |
        grep -qE -- "(^|[^a-z-])--?$name([^a-z-]|\$)"
}
