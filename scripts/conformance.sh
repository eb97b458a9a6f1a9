#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test the running service against its own document, openapi/openapi.yaml: first
# every status of every operation, then generated requests, valid and invalid
# ones, with schemathesis. Installs the packages, builds the service, starts it
# on free ports and stops it. Reports are in build/conformance.
#
# usage: scripts/conformance.sh [EXAMPLES] [--seed=N] [--preset=NAME] [--no-build]
#   EXAMPLES       maximum of generated requests per operation and phase;
#                  default 300, which takes about a minute
#   --seed=N       seed of the generator, default 444; the same seed sends the
#                  same requests
#   --preset=NAME  the build to test, default debug
#   --no-build     the service is built already
#
# Exit status: 0 no test failed; 1 one failed; 2 invalid command line; 77 the
# Python packages could not be installed, which is 1 if CI is "true".
#
# Example: scripts/conformance.sh 1000 --seed=7
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

EXAMPLES=300
SEED=444
PRESET=debug
BUILD=true
HERE=tests/conformance
OUT=build/conformance

for argument in "$@"; do
    case $argument in
    --seed=*) SEED=${argument#--seed=} ;;
    --preset=*) PRESET=${argument#--preset=} ;;
    --no-build) BUILD=false ;;
    -*) usage "unknown option $argument" ;;
    *) EXAMPLES=$argument ;;
    esac
done
[[ $EXAMPLES =~ ^[1-9][0-9]*$ ]] || usage "not a number of examples: $EXAMPLES"
[[ $SEED =~ ^[0-9]+$ ]] || usage "not a seed: $SEED"
[[ $PRESET =~ ^(debug|release|asan|tsan)$ ]] || usage "not a preset to test: $PRESET"

mkdir -p "$OUT"
need_packages "${BUILD_PACKAGES[@]}" python3 python3-venv
need_venv "$OUT" "$HERE/requirements.txt"
if $BUILD; then
    need_npm openapi web
    build_targets "$PRESET" "$OUT/build.log" lunar.service
fi
if ! "$OUT/venv/bin/python" "$HERE/run.py" "build/$PRESET/lunar.service" "$OUT" \
    "$EXAMPLES" "$SEED"; then
    say "FAILED; to repeat: $0 $EXAMPLES --seed=$SEED --preset=$PRESET"
    exit 1
fi
say "passed, with seed $SEED"
