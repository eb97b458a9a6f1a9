#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Build the release and run the service in the foreground, by default on
# http://localhost:8088. Ctrl-C stops it. The build installs the packages that it
# needs on Debian 12. The first one takes about a minute, most of it for the
# packages; later ones build what has changed.
#
# usage: scripts/run.sh [FLAG...]
#   FLAG  a flag of the service, with = or a space before its value: -port=N,
#         -host=ADDRESS, -allow-host=NAME, -allow-origin=URL, -threads=N,
#         -max-connections=N, -idle-timeout=SECONDS, -drain=SECONDS,
#         -max-memory=BYTES, -log-level=LEVEL, -log-format=FORMAT, -data=DIR,
#         -snapshot=SIZE|off, -check[=FILE], -backup=FILE, -restore=FILE,
#         -export, -check-health[=URL], -version. README.md describes them, and
#         so does build/release/lunar.service -help after the first build.
#
# Exit status: 0 stopped by a signal or done, 1 could not build or run, 2 invalid
# flags.
#
# Example: scripts/run.sh -port=9000 -max-memory=512M
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

# The service reads the values. Without a dash, only the value of the flag
# before it may come.
previous=
for argument in "$@"; do
    [[ $argument == -* || ($previous == -* && $previous != *=*) ]] ||
        usage "unexpected argument $argument"
    previous=$argument
done

need_packages "${BUILD_PACKAGES[@]}"
need_npm openapi web
say "building (build/release)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release &&
    cmake --build --preset release --target lunar.service rockets; } >"$log" 2>&1; then
    cat "$log" >&2
    say "the build failed: see above"
    exit 1
fi
rm -f "$log"
exec build/release/lunar.service "$@"
