#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test what a 202 promises with -data=DIR, for longer than ctest does: kill the
# service (kill -9), cut its power, break its disk. Installs the packages and
# builds. The comments of tests/durability/kill.py, power.py and faults.py say
# what is checked.
#
# usage: scripts/durability.sh [--kills=N] [--cuts=N] [--faults=N] [--seed=N]
#                              [--preset=NAME]
#   --kills=N      default 1000, which takes about ten minutes; 0 leaves them out
#   --cuts=N       of the power; default 20000, about five minutes; 0 as above
#   --faults=N     runs of all faults of the disk; default 1; 0 as above
#   --seed=N       of messages and moments; default a random one
#   --preset=NAME  release (default) or debug; asan or tsan with kills only
#
# Exit status: 0 no check failed, 1 a check failed, 2 invalid command line.
#
# Example: scripts/durability.sh --kills=200 --cuts=0 --faults=0 --preset=tsan
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

KILLS=1000
CUTS=20000
FAULTS=1
SEED=$((RANDOM * 32768 + RANDOM))
PRESET=release
TARGETS=(lunar.service small.service rockets recover lunar_disk)
FAILED=()

for argument in "$@"; do
    case $argument in
    --kills=*) KILLS=${argument#--kills=} ;;
    --cuts=*) CUTS=${argument#--cuts=} ;;
    --faults=*) FAULTS=${argument#--faults=} ;;
    --seed=*) SEED=${argument#--seed=} ;;
    --preset=*) PRESET=${argument#--preset=} ;;
    *) usage "unknown argument $argument" ;;
    esac
done
for number in "$KILLS" "$CUTS" "$FAULTS" "$SEED"; do
    [[ $number =~ ^(0|[1-9][0-9]*)$ ]] || usage "not a number: $number"
done
case $PRESET in
release | debug) ;;
asan | tsan) [ "$CUTS$FAULTS" = 00 ] || usage "with $PRESET only --kills: add --cuts=0 --faults=0" ;;
*) usage "not a preset to test: $PRESET" ;;
esac

# run NAME [OPTION...]: run tests/durability/NAME.py.
run() {
    say "$1, with seed $SEED"
    /usr/bin/python3 "tests/durability/$1.py" "build/$PRESET" --seed="$SEED" "${@:2}" ||
        FAILED+=("$1")
}

need_packages "${BUILD_PACKAGES[@]}" python3
need_npm openapi
build_targets "$PRESET" build/logs/durability-build.log "${TARGETS[@]}"
[ "$KILLS" -eq 0 ] || run kill --kills="$KILLS"
[ "$CUTS" -eq 0 ] || run power --cuts="$CUTS" --keep
for ((i = 0; i < FAULTS; i++)); do
    run faults
done
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
