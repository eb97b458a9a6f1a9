#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test what a 202 promises with -kafka=BROKERS: three brokers of Kafka and three
# instances, while brokers and instances are killed and hang, and topics that are
# not as they should be. Installs the packages, fetches Kafka (43 MB) and builds.
# The comments of tests/replica/cases.py and kill.py say what is checked.
#
# usage: scripts/replicas.sh [KILLS] [--seed=N] [--preset=NAME] [--no-cases] [--no-build]
#   KILLS          default 12, one of each kind; 0 leaves them out
#   --seed=N       of messages, kinds and moments; default a random one
#   --preset=NAME  debug (default), release, asan or tsan
#   --no-cases     kills only
#   --no-build     the programs are built already
#
# Exit status: 0 no check failed; 1 one failed; 2 invalid command line; 77 Kafka
# could not be fetched, which is 1 if CI is "true".
#
# Example: scripts/replicas.sh 200 --preset=release
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

KILLS=12
SEED=$((RANDOM * 32768 + RANDOM))
PRESET=debug
CASES=true
BUILD=true
FAILED=()

for argument in "$@"; do
    case $argument in
    --seed=*) SEED=${argument#--seed=} ;;
    --preset=*) PRESET=${argument#--preset=} ;;
    --no-cases) CASES=false ;;
    --no-build) BUILD=false ;;
    -*) usage "unknown option $argument" ;;
    *) KILLS=$argument ;;
    esac
done
[[ $KILLS =~ ^(0|[1-9][0-9]*)$ ]] || usage "not a number of kills: $KILLS"
[[ $SEED =~ ^[0-9]+$ ]] || usage "not a seed: $SEED"
[[ $PRESET =~ ^(debug|release|asan|tsan)$ ]] || usage "not a preset to test: $PRESET"

# run NAME [OPTION...]: run tests/replica/NAME.py.
run() {
    say "$1, with seed $SEED"
    /usr/bin/python3 "tests/replica/$1.py" "build/$PRESET" --seed="$SEED" "${@:2}" ||
        FAILED+=("$1")
}

targets=(lunar.service rockets topic)
[[ $PRESET =~ san$ ]] || targets+=(lunar_disk)
scripts/kafka.sh get
if $BUILD; then
    need_packages "${BUILD_PACKAGES[@]}" python3
    need_npm openapi web
    build_targets "$PRESET" build/logs/replicas-build.log "${targets[@]}"
fi
! $CASES || run cases
[ "$KILLS" -eq 0 ] || run kill --kills="$KILLS"
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
