#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test openapi/openapi.yaml with what people use it for: lint it with Spectral,
# generate clients from it with four generators, check the types of a program for
# each (tests/clients), and run the programs against the service on free ports.
# Installs the packages and builds the service. The generated clients and the
# logs are in build/clients.
#
# usage: scripts/clients.sh [--preset=NAME] [--no-build]
#   --preset=NAME  the build to test, default debug
#   --no-build     the service is built already
#
# Exit status: 0 no test failed; 1 one failed; 2 invalid command line; 77 the
# packages of npm or Python could not be installed, which is 1 if CI is "true".
#
# Example: scripts/clients.sh --preset=release
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

PRESET=debug
BUILD=true
DOCUMENT=openapi/openapi.yaml
HERE=tests/clients
OUT=build/clients
BIN=$PWD/$OUT/venv/bin

for argument in "$@"; do
    case $argument in
    --preset=*) PRESET=${argument#--preset=} ;;
    --no-build) BUILD=false ;;
    *) usage "unknown argument $argument" ;;
    esac
done
[[ $PRESET =~ ^(debug|release|asan|tsan)$ ]] || usage "not a preset to test: $PRESET"

# install_npm: the packages of tests/clients, whose exact versions are in its
# lock file.
install_npm() {
    need_npm "$HERE" 2>&1 | tee "$OUT/npm.log" >&2 ||
        not_installed "$HERE/package-lock.json" "$OUT/npm.log"
}

# check NAME COMMAND...: run it. Its output is shown if it fails.
FAILED=()
check() {
    local name=$1 begun=$SECONDS log
    log=$OUT/${1// /-}.log
    shift
    if "$@" >"$log" 2>&1; then
        say "$name: passed in $((SECONDS - begun)) s"
    else
        tail -n 50 "$log" >&2
        say "$name: FAILED, see above or $log"
        FAILED+=("$name")
    fi
}

# npm_tool NAME ARGUMENT...: run a program of the npm packages.
npm_tool() {
    local name=$1
    shift
    "$HERE/node_modules/.bin/$name" "$@"
}

lint() {
    npm_tool spectral lint --ruleset "$HERE/spectral.yaml" --fail-severity hint "$DOCUMENT"
}

# The commands are those of docs/clients.md. The programs are copied beside the
# clients that they use.
typescript() {
    local folder=$OUT/typescript
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$HERE"/*.ts "$HERE/tsconfig.json" "$folder" &&
        ln -s "$PWD/$HERE/node_modules" "$folder/node_modules" &&
        npm_tool openapi-typescript "$DOCUMENT" -o "$folder/schema.ts" &&
        npm_tool openapi-ts -i "./$DOCUMENT" --no-log-file -o "$folder/hey_api" -c @hey-api/client-fetch &&
        npm_tool tsc -p "$folder"
}

python() {
    local folder=$OUT/python
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$HERE"/*.py "$folder" &&
        "$BIN/datamodel-codegen" --input "$DOCUMENT" --input-file-type openapi \
            --output "$folder/models.py" --output-model-type pydantic_v2.BaseModel \
            --target-python-version 3.11 --use-annotated \
            --collapse-root-models --formatters builtin &&
        "$BIN/openapi-python-client" generate --path "$DOCUMENT" \
            --config "$HERE/openapi-python-client.yaml" --meta none \
            --output-path "$folder/lunar_client" &&
        (cd "$folder" && "$BIN/mypy" --strict --cache-dir=../mypy ./*.py)
}

# use NAME COMMAND...: run the program of a client against a service of its own.
use() {
    local name=$1
    shift
    check "$name" "$BIN/python" tests/lib/with_service.py "build/$PRESET/lunar.service" \
        "$OUT/$name-service.log" "$@"
}

mkdir -p "$OUT"
need_packages "${BUILD_PACKAGES[@]}" python3 python3-venv
install_npm
need_venv "$OUT" "$HERE/requirements.txt"
if $BUILD; then
    need_npm openapi web
    build_targets "$PRESET" "$OUT/build.log" lunar.service
fi
check "spectral" lint
check "typescript types" typescript
check "python types" python
use openapi-fetch node "$OUT/typescript/js/openapi_fetch.js"
use hey-api node "$OUT/typescript/js/hey_api.js"
use datamodel-code-generator "$BIN/python" "$OUT/python/pydantic_models.py"
use openapi-python-client "$BIN/python" "$OUT/python/openapi_python_client.py"
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
