#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Build the release and start the service in the foreground, on port 8088
# unless a flag says otherwise. All arguments are the service's own.
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
