#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run all benchmarks, with a bare libmicrohttpd daemon and nginx as baselines.
# Installs the packages, builds the release and runs bench/run.py with all
# arguments; --help lists them. The report goes to stdout and build/bench.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

TARGETS=(lunar.service rockets bare_mhd bench_fleet bench_pace bench_parts)

build() {
    local log=build/logs/bench-build.log
    mkdir -p build/logs
    say "building (build/release)"
    if ! { cmake --preset release &&
        cmake --build --preset release --target "${TARGETS[@]}"; } >"$log" 2>&1; then
        tail -n 50 "$log" >&2
        say "the build failed: see above"
        exit 1
    fi
}

need_packages "${BUILD_PACKAGES[@]}" python3 wrk nginx-light
# Debian's nginx is in /usr/sbin, which only root has in PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
python=/usr/bin/python3
# Check the arguments before the build.
"$python" bench/run.py --check "$@" >/dev/null
# --help needs no build, and --build names other programs.
case " $* " in
*" --help "* | *" -h "* | *" --build"*) ;;
*)
    need_npm openapi
    build
    ;;
esac
exec "$python" bench/run.py "$@"
