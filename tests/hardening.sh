#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks that binaries are hardened. It reads the binaries, not the compiler
# flags: link-time optimisation, the assembler and the linker do not always do
# what the flags say.
#
# usage: tests/hardening.sh BINARY...
#
# Exit status: 0 they are hardened, 1 one is not, 2 invalid command line.
#
# Example: tests/hardening.sh build/release/lunar.service build/release/rockets
set -eu
SCRIPT=$0
# shellcheck source=scripts/help.sh
. "$(dirname "$(readlink -f "$0")")/../scripts/help.sh"
read_help "$@"
LC_ALL=C
export LC_ALL
[ $# -gt 0 ] || usage "no binary given"
faults=0

# must FAULT TEXT PATTERN: report the fault unless a line of the text matches.
must() {
    printf '%s\n' "$2" | grep -qE -- "$3" || fault "$1"
}

# must_not FAULT TEXT PATTERN: report the fault if a line of the text matches.
must_not() {
    ! printf '%s\n' "$2" | grep -qE -- "$3" || fault "$1"
}

fault() {
    echo "$binary: $1"
    faults=$((faults + 1))
}

# The address of the code is random at each start, relocated data is read-only
# before main(), and no memory is both writable and executable.
check_layout() {
    header=$(readelf -hW "$binary")
    segments=$(readelf -lW "$binary")
    dynamic=$(readelf -dW "$binary")
    must "is not position-independent" "$header" 'Type: +DYN'
    must "is not a position-independent executable" "$dynamic" 'FLAGS_1.* PIE'
    must "has no RELRO" "$segments" '^ *GNU_RELRO '
    must "binds functions lazily, so RELRO is not full" "$dynamic" \
        '\(FLAGS\).* BIND_NOW'
    must "does not declare a non-executable stack" "$segments" \
        '^ *GNU_STACK .* RW +0x'
    must_not "has memory that is writable and executable" "$segments" ' RWE '
    must_not "has its headers in an executable segment (no separate-code)" \
        "$segments" '^ *LOAD +0x0+ .* R E '
    must_not "has its own library search path" "$dynamic" \
        '\((RPATH|RUNPATH)\)'
}

# Functions with buffers check their return address, and copies check the size
# of their destination.
check_guards() {
    imports=$(nm -D --undefined-only "$binary")
    must "has no stack protector" "$imports" ' __stack_chk_fail'
    must "has no fortified functions" \
        "$(printf '%s\n' "$imports" | grep -v stack_chk)" ' __[a-z]+_chk'
}

# Checks for x86-64 only: large frames touch each of their pages, targets of
# indirect branches start with endbr64, and the shadow stack is enabled.
check_x86_64() {
    code=$(objdump -d --no-show-raw-insn "$binary")
    begin=$(printf '%s\n' "$code" | grep -A 1 '<main>:$')
    must "does not probe large frames (stack clash)" "$code" \
        'or[ql] +[$]0x0,.*[(]%rsp'
    must "starts main() without endbr64 (control-flow protection)" "$begin" endbr64
    must "has no shadow stack note" "$(readelf -nW "$binary")" \
        'x86 feature:.* SHSTK'
}

for binary in "$@"; do
    check_layout
    check_guards
    case $header in
    *X86-64*) check_x86_64 ;;
    esac
done
[ "$faults" -eq 0 ]
