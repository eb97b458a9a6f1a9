#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test what a 202 promises with -data=DIR, for longer than ctest does: kill the
# service (kill -9), cut its power, break its disk, and look at what it needs.
# Installs the packages and builds. The comments of tests/durability/kill.py,
# power.py, commands.py, faults.py and endurance.py say what is checked.
#
# usage: scripts/durability.sh [--kills=N] [--cuts=N] [--faults=N]
#                              [--soak=MINUTES] [--snapshot=SIZE] [--seed=N]
#                              [--preset=NAME]
#   --kills=N        default 1000, which takes about ten minutes; 0 leaves them
#                    out
#   --cuts=N         of the power; default 20000, about five minutes; 0 as above
#   --faults=N       runs of all faults of the disk; default 1; 0 as above
#   --soak=MINUTES   load and kills for so long: memory, disk and start times
#                    must be flat; alone if nothing else is asked for; default 0
#   --snapshot=SIZE  of the service in the soak; default 8M, so that there are
#                    many
#   --seed=N         of messages and moments; default a random one
#   --preset=NAME    release (default) or debug; asan or tsan with kills only
#
# Exit status: 0 no check failed, 1 a check failed, 2 invalid command line.
#
# Example: scripts/durability.sh --soak=30
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

KILLS=
CUTS=
FAULTS=
SOAK=0
SNAPSHOT=8M
SEED=$((RANDOM * 32768 + RANDOM))
PRESET=release
TARGETS=(lunar.service small.service rockets recover lunar_disk)
FAILED=()

for argument in "$@"; do
    case $argument in
    --kills=*) KILLS=${argument#--kills=} ;;
    --cuts=*) CUTS=${argument#--cuts=} ;;
    --faults=*) FAULTS=${argument#--faults=} ;;
    --soak=*) SOAK=${argument#--soak=} ;;
    --snapshot=*) SNAPSHOT=${argument#--snapshot=} ;;
    --seed=*) SEED=${argument#--seed=} ;;
    --preset=*) PRESET=${argument#--preset=} ;;
    *) usage "unknown argument $argument" ;;
    esac
done
if [ "$SOAK" != 0 ] && [ -z "$KILLS$CUTS$FAULTS" ]; then
    KILLS=0 CUTS=0 FAULTS=0
fi
: "${KILLS:=1000}" "${CUTS:=20000}" "${FAULTS:=1}"
for number in "$KILLS" "$CUTS" "$FAULTS" "$SOAK" "$SEED"; do
    [[ $number =~ ^(0|[1-9][0-9]*)$ ]] || usage "not a number: $number"
done
case $PRESET in
release | debug) ;;
asan | tsan) [ "$CUTS$FAULTS$SOAK" = 000 ] || usage "with $PRESET only --kills: add --cuts=0 --faults=0" ;;
*) usage "not a preset to test: $PRESET" ;;
esac

# run NAME [OPTION...]: run tests/durability/NAME.py.
run() {
    say "$1, with seed $SEED"
    /usr/bin/python3 "tests/durability/$1.py" "build/$PRESET" --seed="$SEED" "${@:2}" ||
        FAILED+=("$1")
}

need_packages "${BUILD_PACKAGES[@]}" python3
need_npm openapi web
build_targets "$PRESET" build/logs/durability-build.log "${TARGETS[@]}"
[ "$KILLS" -eq 0 ] || run kill --kills="$KILLS"
[ "$CUTS" -eq 0 ] || run power --cuts="$CUTS" --keep
[ "$CUTS" -eq 0 ] || run commands --cuts=$((CUTS / 10))
for ((i = 0; i < FAULTS; i++)); do
    run faults
done
[ "$SOAK" -eq 0 ] || run endurance --minutes="$SOAK" --snapshot="$SNAPSHOT"
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
