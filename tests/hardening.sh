#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Reads from binaries that they are hardened, whatever flags the compiler was
# given: what was asked for and what link-time optimisation, the assembler and
# the linker made of it are not always the same.
#
# usage: hardening.sh BINARY...
set -eu
LC_ALL=C
export LC_ALL
[ $# -gt 0 ] || {
    echo "usage: hardening.sh BINARY..." >&2
    exit 2
}
faults=0

# must WHAT TEXT PATTERN: a line of the text has to match.
must() {
    printf '%s\n' "$2" | grep -qE -- "$3" || fault "$1"
}

# must_not WHAT TEXT PATTERN: no line of the text may.
must_not() {
    ! printf '%s\n' "$2" | grep -qE -- "$3" || fault "$1"
}

fault() {
    echo "$binary: $1"
    faults=$((faults + 1))
}

# Where its code lies is chosen anew at each start, what the linker filled in
# is read-only before main(), and no memory is both written and executed.
check_layout() {
    header=$(readelf -hW "$binary")
    segments=$(readelf -lW "$binary")
    dynamic=$(readelf -dW "$binary")
    must "is not position-independent" "$header" 'Type: +DYN'
    must "is no executable that is position-independent" "$dynamic" 'FLAGS_1.* PIE'
    must "has no RELRO" "$segments" '^ *GNU_RELRO '
    must "binds its functions late, so RELRO is not full" "$dynamic" \
        '\(FLAGS\).* BIND_NOW'
    must "does not say that its stack is not executable" "$segments" \
        '^ *GNU_STACK .* RW +0x'
    must_not "has memory that is written and executed" "$segments" ' RWE '
    must_not "has its headers in what is executed (no separate-code)" \
        "$segments" '^ *LOAD +0x0+ .* R E '
    must_not "looks for libraries in folders of its own" "$dynamic" \
        '\((RPATH|RUNPATH)\)'
}

# Functions with buffers look after their return address, and copies after
# the size of what they fill.
check_guards() {
    imports=$(nm -D --undefined-only "$binary")
    must "has no stack protector" "$imports" ' __stack_chk_fail'
    must "has no fortified functions" \
        "$(printf '%s\n' "$imports" | grep -v stack_chk)" ' __[a-z]+_chk'
}

# What only x86-64 shows in this way: large frames touch each of their pages,
# what is jumped to begins with endbr64, and returns fit a shadow stack.
check_x86_64() {
    code=$(objdump -d --no-show-raw-insn "$binary")
    begin=$(printf '%s\n' "$code" | grep -A 1 '<main>:$')
    must "has no probes of large frames (stack clash)" "$code" \
        'or[ql] +[$]0x0,.*[(]%rsp'
    must "has main() without endbr64 (control-flow protection)" "$begin" endbr64
    must "has no note of a shadow stack" "$(readelf -nW "$binary")" \
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
