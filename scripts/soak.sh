#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Load the service with everything at once for a while, and check its answers,
# its state at the end, and that memory, descriptors and threads stay flat:
# installs what it needs, builds, runs tests/soak/soak.py, which takes all
# arguments; --help tells of all. Exit 1 if anything did not hold. The report
# and the evidence are left in build/soak.
#
# usage: scripts/soak.sh [MINUTES] [--seconds=N] [--seed=N] [--preset=NAME]
#                        [--threads=N] [--max-connections=N] [--only=LOAD,...]
#   MINUTES        20 unless told
#   --preset=NAME  release (unless told), debug, asan or tsan
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

# build PRESET
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
# A mistake in the command shows before anything is built.
programs=$("$python" tests/soak/soak.py --plan "$@")
# Nothing is to be built where only help is asked for, or other programs.
case " $* " in
*" --help "* | *" -h "* | *" --plan "* | *" --build"*) ;;
*)
    need_npm openapi
    build "$(basename "$programs")"
    ;;
esac
exec "$python" tests/soak/soak.py "$@"
