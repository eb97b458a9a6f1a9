#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Build the release and run the service in the foreground, by default on port
# 8088. All arguments are passed to the service.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages "${BUILD_PACKAGES[@]}"
need_npm openapi
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
