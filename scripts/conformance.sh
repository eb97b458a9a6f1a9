#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test the running service against its own document, openapi/openapi.yaml: first
# every status of every operation, then generated requests, valid and invalid
# ones, with schemathesis. Installs the packages, builds the service, starts it
# on free ports and stops it. Reports are in build/conformance.
#
# usage: scripts/conformance.sh [EXAMPLES] [--seed=N] [--preset=NAME]
#   EXAMPLES       maximum of generated requests per operation and phase;
#                  default 300, which takes about a minute
#   --seed=N       seed of the generator, default 444; the same seed sends the
#                  same requests
#   --preset=NAME  the build to test, default debug
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
HERE=tests/conformance
OUT=build/conformance
VENV=$OUT/venv
# Write no files beside the sources.
export PYTHONDONTWRITEBYTECODE=1

for argument in "$@"; do
    case $argument in
    --seed=*) SEED=${argument#--seed=} ;;
    --preset=*) PRESET=${argument#--preset=} ;;
    -*) usage "unknown option $argument" ;;
    *) EXAMPLES=$argument ;;
    esac
done
[[ $EXAMPLES =~ ^[1-9][0-9]*$ ]] || usage "not a number of examples: $EXAMPLES"
[[ $SEED =~ ^[0-9]+$ ]] || usage "not a seed: $SEED"
[[ $PRESET =~ ^(debug|release|asan|tsan)$ ]] || usage "not a preset to test: $PRESET"

# not_installed: report the reason and the remedy, and exit. In CI it is an
# error.
not_installed() {
    tail -n 5 "$OUT/pip.log" >&2
    rm -rf "$VENV"
    # A wrong hash is not a network problem, so it is never skipped.
    if grep -q 'DO NOT MATCH THE HASHES' "$OUT/pip.log"; then
        say "a package does not match its hash in $HERE/requirements.txt"
        exit 1
    fi
    say "could not install the packages of $HERE/requirements.txt (see $OUT/pip.log)"
    say "pip needs a package index: set PIP_INDEX_URL to an index that you can reach,"
    say "or PIP_NO_INDEX=1 and PIP_FIND_LINKS to a folder of packages, and try again"
    [ "${CI:-}" != true ] || exit 1
    exit 77
}

# make_environment: recreate it if the requirements have changed.
make_environment() {
    if ! cmp -s "$HERE/requirements.txt" "$VENV/requirements.txt"; then
        say "installing schemathesis in $VENV"
        rm -rf "$VENV"
        { /usr/bin/python3 -m venv "$VENV" &&
            "$VENV/bin/pip" install --disable-pip-version-check --require-hashes \
                -r "$HERE/requirements.txt"; } >"$OUT/pip.log" 2>&1 || not_installed
        cp "$HERE/requirements.txt" "$VENV/requirements.txt"
    fi
}

build() {
    say "building (build/$PRESET)"
    if ! { cmake --preset "$PRESET" &&
        cmake --build --preset "$PRESET" --target lunar.service; } \
        >"$OUT/build.log" 2>&1; then
        tail -n 50 "$OUT/build.log" >&2
        say "the build failed: see above"
        exit 1
    fi
}

mkdir -p "$OUT"
need_packages "${BUILD_PACKAGES[@]}" python3 python3-venv
make_environment
need_npm openapi
build
if ! "$VENV/bin/python" "$HERE/run.py" "build/$PRESET/lunar.service" "$OUT" \
    "$EXAMPLES" "$SEED"; then
    say "FAILED; to repeat: $0 $EXAMPLES --seed=$SEED --preset=$PRESET"
    exit 1
fi
say "passed, with seed $SEED"
