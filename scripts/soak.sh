#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Load the service with all kinds of clients at the same time, and check its
# responses, its state at the end, and that memory, descriptors and threads do
# not grow. Installs the packages, builds, and runs tests/soak/soak.py with all
# arguments; --help lists them. Exit status 1 if a check fails. The report and
# the evidence are in build/soak.
#
# usage: scripts/soak.sh [MINUTES] [--seconds=N] [--seed=N] [--preset=NAME]
#                        [--threads=N] [--max-connections=N] [--only=LOAD,...]
#   MINUTES        default 20
#   --preset=NAME  release (default), debug, asan or tsan
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

# build PRESET: configure and build it.
build() {
    local log=build/logs/soak-build.log
    mkdir -p build/logs
    say "building (build/$1)"
    if ! { cmake --preset "$1" &&
        cmake --build --preset "$1" --target lunar.service rockets; } >"$log" 2>&1; then
        tail -n 50 "$log" >&2
        say "the build failed: see above"
        exit 1
    fi
}

need_packages "${BUILD_PACKAGES[@]}" python3
python=/usr/bin/python3
# Check the arguments before the build.
programs=$("$python" tests/soak/soak.py --plan "$@")
case " $* " in
*" --help "* | *" -h "* | *" --plan "*) ;;
*)
    need_npm openapi
    build "$(basename "$programs")"
    ;;
esac
exec "$python" tests/soak/soak.py "$@"
