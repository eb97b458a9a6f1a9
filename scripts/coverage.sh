#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measure the coverage of the tests: lines and branches per file, and in
# build/coverage/html the count of each line. Only src/ is measured, both
# programs; branches that the compiler adds are excluded.
#
# usage: scripts/coverage.sh [--missing] [CTEST-REGEX...]
#   --missing    also list the lines that never ran and the branches that were
#                never taken
#   CTEST-REGEX  run only the tests whose name matches one; default all
#
# Exit status: 0 no test failed; 1 one failed, so the figures are not those of
# the whole suite; 2 invalid command line.
#
# Example: scripts/coverage.sh --missing '^unit\.table'
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

BUILD=build/coverage
MISSING=
PATTERNS=()

for argument in "$@"; do
    case $argument in
    --missing) MISSING=yes ;;
    -*) usage "unknown option $argument" ;;
    *) PATTERNS+=("$argument") ;;
    esac
done

build() {
    mkdir -p build/logs
    say "building ($BUILD)"
    if ! { cmake --preset coverage && cmake --build --preset coverage; } \
        >build/logs/coverage-build.log 2>&1; then
        tail -n 50 build/logs/coverage-build.log >&2
        say "the build failed: see above"
        exit 1
    fi
}

# Counts of an earlier run, and of deleted sources, must not be added. A process
# writes its counts when it exits: a process that a test kills writes none, so
# lines that only such processes run appear unused. test_fault_start makes
# malloc() fail until the service ends. The code that writes the counts is in
# the program and does not survive that.
run_tests() {
    local options=(-E '^integration\.test_fault_start$')
    [ ${#PATTERNS[@]} -eq 0 ] ||
        options+=(-R "$(IFS='|' && echo "${PATTERNS[*]}")")
    find "$BUILD" -name '*.gcda' -delete
    ctest --preset coverage --no-tests=error "${options[@]}" \
        >build/logs/coverage.log 2>&1
}

report() {
    local options=(--root . --object-directory "$BUILD" --filter src/ --exclude src/manual/
        --exclude-unreachable-branches -j "$(nproc)")
    mkdir -p "$BUILD/html"
    gcovr "${options[@]}" --csv "$BUILD/summary.csv" \
        --html-title lunar.service --html-details "$BUILD/html/index.html" \
        --json "$BUILD/counts.json"
    table "$BUILD/summary.csv"
    if [ -n "$MISSING" ]; then
        missing lines
        missing branches --branches
    fi
}

# table CSV: one row per file, and one per program.
table() {
    awk -F, '
    function row(name, lines, run, branches, taken)
    {
        printf "%-28s %6d %6d %7s %9d %6d %7s\n", name, lines, run,
            percent(run, lines), branches, taken, percent(taken, branches)
    }
    # Rounded down, so that 100.0 means all.
    function percent(part, whole)
    {
        return whole == 0 ? "-" : sprintf("%.1f", int(part * 1000 / whole) / 10)
    }
    NR == 1 {
        printf "%-28s %6s %6s %7s %9s %6s %7s\n", "file", "lines", "run", "%",
            "branches", "taken", "%"
        next
    }
    {
        program = $1 ~ /rockets\// ? "rockets" : "lunar.service"
        row($1, $2, $3, $5, $6)
        for (i = 2; i <= 6; i++)
            sum[program, i] += $i
    }
    END {
        split("lunar.service rockets", programs, " ")
        for (p = 1; p in programs; p++)
            row(programs[p], sum[programs[p], 2], sum[programs[p], 3],
                sum[programs[p], 5], sum[programs[p], 6])
    }' "$1"
}

# missing WHAT [OPTION]: list their line numbers.
missing() {
    printf '\n%s not run or taken:\n' "$1"
    gcovr --root . --add-tracefile "$BUILD/counts.json" "${@:2}" |
        awk '/^src/ && $5 != "" { print $1 ": " $5 } /^ +[0-9]/ { print "    " $1 }'
}

need_packages "${BUILD_PACKAGES[@]}" gcovr
need_npm openapi web
build
failed=
run_tests || failed=yes
report
say "the counts of each line are in $BUILD/html/index.html"
if [ -n "$failed" ]; then
    grep -E 'Failed|Timeout|Not Run' build/logs/coverage.log >&2 || true
    say "a test failed: see build/logs/coverage.log"
    exit 1
fi
