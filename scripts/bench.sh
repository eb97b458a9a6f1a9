#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run all benchmarks, with a bare libmicrohttpd daemon and nginx as baselines.
# Installs the packages and builds the release. The report goes to stdout and to
# build/bench/bench.md; bench/README.md says how to read it. Leave the machine
# idle.
#
# usage: scripts/bench.sh [--quick] [--only=SECTION,...] [--seconds=N]
#                         [--rounds=N] [--build=DIR] [--out=DIR]
#   --quick      1 second, 2 rounds, a tenth of the rockets: to check that it
#                works, not for figures
#   --only=...   only these sections: post, latency, rockets, get, lists, batch,
#                idle, start, store, replica, live, page, parts, tls, tokens
#   --seconds=N  length of a round of a load generator; default 2
#   --rounds=N   number of rounds of each table; default 5
#   --build=DIR  measure the programs in this folder, and build none
#   --out=DIR    folder of the reports; default build/bench
#   --check      only check the command line
#
# Exit status: 0 all was measured, whether budgets are met or missed; 1 a
# failure, such as an unexpected response; 2 invalid command line.
#
# Example: scripts/bench.sh --only=post,idle --rounds=9
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

TARGETS=(lunar.service rockets bare_mhd bench_fleet bench_pace bench_parts bench_readers
    bench_sync bench_kafka)

python=/usr/bin/python3
need_packages python3
"$python" bench/run.py --check "$@"
case " $* " in
*" --check "*) exit ;;
esac
need_packages "${BUILD_PACKAGES[@]}" wrk nginx-light openssl
# Debian's nginx is in /usr/sbin, which only root has in PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
case " $* " in
*" --build"*) ;;
*)
    need_npm openapi web
    build_targets release build/logs/bench-build.log "${TARGETS[@]}"
    ;;
esac
# For the section of the dashboard.
if [[ " $* " != *" --only"* || " $* " == *page* ]]; then
    need_packages chromium
    need_npm tests/browser
fi
exec "$python" bench/run.py "$@"
