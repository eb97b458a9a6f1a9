#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The integration tests with the service under valgrind: memcheck sees bytes
# that are read before they are written, and whatever is not freed at the end,
# also what can still be reached; helgrind sees data races and locks used
# wrongly, in a build in which it is told of atomics. An error ends the service
# with a status that no test expects. Exit 1 if a test failed. What valgrind
# said is in build/valgrind.
#
# usage: scripts/valgrind.sh [TOOL] [TEST-REGEX...]
#   TOOL        memcheck (default) or helgrind
#   TEST-REGEX  only tests of tests/integration whose name matches one, such
#               as api_ or '^test_stop$'; all but those below unless told
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

TOOL=memcheck
PATTERNS=()
BUILD=build/debug # the tests, which do not run under valgrind
SERVICE=$PWD/build/debug/lunar.service
OUT=$PWD/build/valgrind

# The first stops single threads, one of which may have the lock by which
# valgrind lets only one run at a time. The second limits open files, of which
# valgrind keeps some for itself, with a limit of its own; and so does the last.
# The others make malloc() fail by a library that is loaded first, which would
# be valgrind's malloc() failing.
LEFT_OUT=(test_stop_waiting test_privileges test_fault_gets test_fault_posts
    test_fault_start test_fault_streams test_fault_descriptors)
# Bodies and lists that helgrind does not get through in the time that the test
# has patience, or the service.
LEFT_OUT_OF_HELGRIND=(test_api_batch test_batch_arrival test_list_stream)

for argument in "$@"; do
    case $argument in
    memcheck | helgrind) TOOL=$argument ;;
    -*) usage "unknown option $argument" ;;
    *) PATTERNS+=("$argument") ;;
    esac
done

# build PRESET [TARGET...]
build() {
    local log=build/logs/valgrind-build.log
    mkdir -p build/logs
    say "building (build/$1)"
    if ! { cmake --preset "$1" && cmake --build --preset "$1" "${@:2}"; } \
        >"$log" 2>&1; then
        tail -n 50 "$log" >&2
        say "the build failed: see above"
        exit 1
    fi
}

# The names of the tests to run, a line each.
chosen() {
    local name
    for name in tests/integration/test_*.c; do
        name=$(basename "$name" .c)
        if [ ${#PATTERNS[@]} -gt 0 ]; then
            ! grep -qE "$(IFS='|' && echo "${PATTERNS[*]}")" <<<"$name" ||
                echo "$name"
        elif [[ " ${LEFT_OUT[*]} " != *" $name "* ]]; then
            echo "$name"
        fi
    done
}

# make_service TEST: a program in the service's place that runs it under
# valgrind. Tests take LUNAR_ variables away, so all is written into it.
make_service() {
    local options=(--tool="$TOOL" --fair-sched=yes --error-exitcode=99
        --suppressions="$PWD/tests/valgrind/suppressions" --gen-suppressions=all
        --log-file="$OUT/$1.%p.log")
    [ "$TOOL" != memcheck ] ||
        options+=(--leak-check=full --show-leak-kinds=all
            --errors-for-leak-kinds=all)
    {
        echo '#!/bin/sh'
        printf 'exec valgrind'
        printf " '%s'" "${options[@]}" "$SERVICE"
        # The service's own flags, when it runs.
        # shellcheck disable=SC2016
        printf ' "$@"\n'
    } >"$OUT/$1.service"
    chmod +x "$OUT/$1.service"
}

# is_faulty LOG: whether valgrind found something. Errors without an exit status
# count too, and those without a summary: the service may have been killed by
# the test. One that ends by a second signal frees nothing, and needs not to.
is_faulty() {
    local contexts leaks=0
    if ! grep -q 'ERROR SUMMARY' "$1"; then
        grep -q insert_a_suppression_name_here "$1"
        return
    fi
    contexts=$(sed -nE 's/.*ERROR SUMMARY: [0-9]+ errors from ([0-9]+) .*/\1/p' "$1")
    ! grep -qE 'default action of signal (2|15) ' "$1" ||
        leaks=$(grep -cE 'are (still reachable|possibly lost) in loss record' "$1")
    [ "${contexts:-0}" -gt "$leaks" ]
}

# The service is some twenty times slower.
run_test() {
    local begun=$SECONDS result=passed log runs
    # Until it has passed, so that whatever ends this early is no success.
    touch "$OUT/$1.failed"
    make_service "$1"
    LUNAR_SERVICE=$OUT/$1.service LUNAR_ROCKETS=$PWD/$BUILD/rockets \
        LUNAR_ROCKETS_MESSAGES=2000 LUNAR_MANY_ROCKETS=10000 \
        timeout 1200 "$BUILD/$1" >"$OUT/$1.log" 2>&1 || result=FAILED
    for log in "$OUT/$1".[0-9]*.log; do
        ! is_faulty "$log" || result=FAILED
    done
    runs=$(find "$OUT" -name "$1.[0-9]*.log" | wc -l)
    [ "$runs" -gt 0 ] || result=FAILED
    printf '%-28s %-6s %5d s, %d runs of the service\n' "$1" "$result" \
        $((SECONDS - begun)) "$runs"
    [ "$result" = FAILED ] || rm "$OUT/$1.failed"
}

need_packages "${BUILD_PACKAGES[@]}" valgrind libc6-dbg
need_npm openapi
[ "$TOOL" != helgrind ] || LEFT_OUT+=("${LEFT_OUT_OF_HELGRIND[@]}")
mapfile -t TESTS < <(chosen)
[ ${#TESTS[@]} -gt 0 ] || usage "no test matches"
build debug --target lunar.service rockets "${TESTS[@]}"
if [ "$TOOL" = helgrind ]; then
    SERVICE=$PWD/build/helgrind/lunar.service
    build helgrind
fi
rm -rf "$OUT"
mkdir -p "$OUT"
say "$TOOL, ${#TESTS[@]} tests"
for test in "${TESTS[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
        wait -n
    done
    run_test "$test" &
done
wait
if compgen -G "$OUT/*.failed" >/dev/null; then
    say "failed; see $OUT/TEST.log, and $OUT/TEST.PID.log for what valgrind said"
    exit 1
fi
say "no error"
