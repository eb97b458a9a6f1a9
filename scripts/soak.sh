#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Load the service with all kinds of clients at the same time, and check its
# responses, its state at the end, and that memory, descriptors and threads do
# not grow. Installs the packages and builds. The report and the evidence are in
# build/soak.
#
# usage: scripts/soak.sh [MINUTES] [--seconds=N] [--seed=N] [--preset=NAME]
#                        [--threads=N] [--max-connections=N] [--only=LOAD,...]
#   MINUTES              default 20
#   --seconds=N          the same in seconds
#   --seed=N             seed of all messages; default a random one
#   --preset=NAME        release (default), debug, asan or tsan
#   --threads=N          of the service; default 2
#   --max-connections=N  of the service; default 2000, which floods exceed
#   --only=LOAD,...      only these loads; `--only=` lists them
#   --plan               only print the folder of the programs
#
# Exit status: 0 no check failed, 1 a check failed, 2 invalid command line.
#
# Example: scripts/soak.sh 5 --preset=asan
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
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

python=/usr/bin/python3
need_packages python3
programs=$("$python" tests/soak/soak.py --plan "$@")
case " $* " in
*" --plan "*)
    echo "$programs"
    exit
    ;;
esac
need_packages "${BUILD_PACKAGES[@]}"
need_npm openapi web
build "$(basename "$programs")"
exec "$python" tests/soak/soak.py "$@"
