#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Hold the running service to its own document, openapi/openapi.yaml: each
# status of each operation on purpose, then schemathesis with generated
# requests, right and wrong ones. Installs what it needs, builds the service,
# starts it on free ports and stops it. Reports are in build/conformance.
#
# usage: scripts/conformance.sh [EXAMPLES] [--seed=N] [--preset=NAME]
#   EXAMPLES       at most so many generated requests for an operation in a
#                  phase; 300 unless told, which takes about a minute
#   --seed=N       of what is generated, 444 unless told; the same seed sends
#                  the same requests
#   --preset=NAME  the build that is tested, debug unless told
#
# Exit 0 if there was no failure, 1 if there was. Exit 77 if the Python
# packages could not be installed, or 1 where CI is "true".
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

EXAMPLES=300
SEED=444
PRESET=debug
HERE=tests/conformance
OUT=build/conformance
VENV=$OUT/venv
STARTED=()
# Nothing is to be written beside the sources.
export PYTHONDONTWRITEBYTECODE=1

for argument in "$@"; do
    case $argument in
    --seed=*) SEED=${argument#--seed=} ;;
    --preset=*) PRESET=${argument#--preset=} ;;
    -*) usage "unknown option $argument" ;;
    *) EXAMPLES=$argument ;;
    esac
done
[[ $EXAMPLES =~ ^[1-9][0-9]*$ ]] || usage "no number of examples: $EXAMPLES"
[[ $SEED =~ ^[0-9]+$ ]] || usage "no seed: $SEED"
[[ $PRESET =~ ^(debug|release|asan|tsan)$ ]] || usage "no preset to test: $PRESET"

# not_installed: why, and what to do. That must not pass unseen in CI.
not_installed() {
    tail -n 5 "$OUT/pip.log" >&2
    rm -rf "$VENV"
    # A package that is not the one that was pinned is no matter of the network.
    if grep -q 'DO NOT MATCH THE HASHES' "$OUT/pip.log"; then
        say "a package is not the one that $HERE/requirements.txt names"
        exit 1
    fi
    say "could not install the packages of $HERE/requirements.txt (see $OUT/pip.log)"
    say "pip needs a package index: set PIP_INDEX_URL to one that you reach, or"
    say "PIP_FIND_LINKS and PIP_NO_INDEX=1 to a folder of them, and try again"
    [ "${CI:-}" != true ] || exit 1
    exit 77
}

# The environment is made anew where the requirements have changed.
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

# start NAME FLAG...: start a service, and wait until it is ready.
start() {
    local name=$1
    shift
    : >"$OUT/$name.ready"
    "build/$PRESET/lunar.service" -port=0 -log-level=warn "$@" \
        >"$OUT/$name.ready" 2>"$OUT/$name.log" &
    STARTED+=($!)
    for _ in $(seq 200); do
        ! grep -q listening "$OUT/$name.ready" || return 0
        sleep 0.1
    done
    say "the service did not start: see $OUT/$name.log"
    exit 1
}

url_of() { sed -nE 's/^.* listening on ([^ ]+) .*$/\1/p' "$OUT/$1.ready"; }

# stop: all that was started; each is to end by itself, with 0.
stop() {
    local pid result=0
    for pid in "${STARTED[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" || {
            say "the service ended with $?: see $OUT/*.log"
            result=1
        }
    done
    STARTED=()
    return $result
}

run_schemathesis() {
    "$VENV/bin/schemathesis" --config-file "$HERE/schemathesis.toml" run \
        "$OUT/openapi.yaml" --url "$1" --checks all --seed "$SEED" \
        --max-examples "$EXAMPLES" --no-color \
        --report ndjson --report-ndjson-path "$OUT/report.ndjson"
}

mkdir -p "$OUT"
need_packages "${BUILD_PACKAGES[@]}" python3 python3-venv
make_environment
need_npm openapi
build
trap stop EXIT
start service
start small -max-memory=1M
url=$(url_of service)
# What is tested is the document that the service hands out. It is kept in a
# file, as schemathesis leaves out the operation that it loads a document by.
"$VENV/bin/python" -c 'import sys, urllib.request as r; r.urlretrieve(*sys.argv[1:])' \
    "$url/openapi.yaml" "$OUT/openapi.yaml"

failed=0
"$VENV/bin/python" "$HERE/statuses.py" "$OUT/openapi.yaml" "$url" "$(url_of small)" ||
    failed=1
run_schemathesis "$url" || failed=1
"$VENV/bin/python" "$HERE/summary.py" "$OUT/report.ndjson" || failed=1
trap - EXIT
stop || failed=1
if [ "$failed" -ne 0 ]; then
    say "FAILED; the same again: $0 $EXAMPLES --seed=$SEED --preset=$PRESET"
    exit 1
fi
say "no failure, with seed $SEED"
