#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measure everything in one run, against a bare libmicrohttpd daemon and nginx:
# installs what it needs, builds the release, runs bench/run.py. All arguments
# are run.py's: --help tells. The report goes to stdout and build/bench.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

TARGETS=(lunar.service rockets bare_mhd bench_pace bench_batch bench_parts)

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
# Debian keeps nginx where only root looks, and its own Python here.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
python=/usr/bin/python3
# A mistake in the command shows before anything is built.
"$python" bench/run.py --plan "$@" >/dev/null
# Nothing is to be built where only help is asked for, or other programs.
case " $* " in
*" --help "* | *" -h "* | *" --plan "* | *" --build"*) ;;
*)
    need_npm openapi
    build
    ;;
esac
exec "$python" bench/run.py "$@"
