#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run the integration tests with the service under valgrind. memcheck detects
# bytes that are read before they are written, and memory that is not freed at
# the end, also if it is still reachable. helgrind detects data races and wrong
# use of locks, in a build that annotates atomics for it. After an error the
# service exits with a status that no test expects. The logs of valgrind are in
# build/valgrind.
#
# usage: scripts/valgrind.sh [TOOL] [TEST-REGEX...]
#   TOOL        memcheck (default) or helgrind
#   TEST-REGEX  run only the tests of tests/integration whose name matches one,
#               such as api_ or '^test_stop$'; default all that valgrind can run
#
# Exit status: 0 no test failed, 1 a test failed, 2 invalid command line.
#
# Example: scripts/valgrind.sh helgrind '^test_stop$'
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

TOOL=memcheck
PATTERNS=()
BUILD=build/debug # the tests, which do not run under valgrind
SERVICE=$PWD/build/debug/lunar.service
OUT=$PWD/build/valgrind

# test_stop_waiting stops single threads, one of which may hold the lock by
# which valgrind runs one thread at a time. test_privileges and
# test_fault_descriptors limit open files, of which valgrind reserves some, with
# its own limit. test_fault_log leaves a thread to the end of the process, which
# valgrind reports as a leak. The other tests make malloc() fail with a preloaded
# library, which would make the malloc() of valgrind fail.
LEFT_OUT=(test_stop_waiting test_privileges test_fault_requests
    test_fault_start test_fault_descriptors test_fault_log)
# Bodies and lists that take longer under helgrind than the test or the service
# allows.
LEFT_OUT_OF_HELGRIND=(test_api_batch test_list_stream)

for argument in "$@"; do
    case $argument in
    memcheck | helgrind) TOOL=$argument ;;
    -*) usage "unknown option $argument" ;;
    *) PATTERNS+=("$argument") ;;
    esac
done

# build PRESET [OPTION...]: configure and build it.
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

# chosen: print the names of the tests to run, one per line.
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

# make_service TEST: write a program that replaces the service and runs it under
# valgrind. Tests unset LUNAR_ variables, so the program contains all settings.
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
        # The flags of the service; expanded when the program runs.
        # shellcheck disable=SC2016
        printf ' "$@"\n'
    } >"$OUT/$1.service"
    chmod +x "$OUT/$1.service"
}

# is_faulty LOG: whether valgrind found an error. The exit status and the
# summary may be missing, as a test may kill the service, so the log is
# searched. A service that a second signal ended frees nothing: its leaks are no
# error.
is_faulty() {
    local contexts leaks=0
    if ! grep -q 'ERROR SUMMARY' "$1"; then
        grep -q insert_a_suppression_name_here "$1"
        return
    fi
    contexts=$(sed -nE 's/.*ERROR SUMMARY: [0-9]+ errors from ([0-9]+) .*/\1/p' "$1")
    ! grep -qE 'default action of signal (1|2|15) ' "$1" ||
        leaks=$(grep -cE 'are (still reachable|possibly lost) in loss record' "$1")
    [ "${contexts:-0}" -gt "$leaks" ]
}

# run_test TEST: the service is about twenty times slower, so limits are lower.
run_test() {
    local begun=$SECONDS result=passed log runs
    # Marked as failed until it has passed, in case this function ends early.
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

[ "$TOOL" != helgrind ] || LEFT_OUT+=("${LEFT_OUT_OF_HELGRIND[@]}")
mapfile -t TESTS < <(chosen)
[ ${#TESTS[@]} -gt 0 ] || usage "no test matches"
need_packages "${BUILD_PACKAGES[@]}" valgrind libc6-dbg
need_npm openapi web
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
    say "failed; see $OUT/TEST.log, and $OUT/TEST.PID.log for the log of valgrind"
    exit 1
fi
say "passed"
