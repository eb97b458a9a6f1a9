#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Build the release and run the service in the foreground, by default on
# http://localhost:8088. Ctrl-C stops it. The build installs the packages that it
# needs on Debian 12. The first one takes about a minute, most of it for the
# packages; later ones build what has changed. Before the service starts, it says
# how to see rockets fly in a browser.
#
# usage: scripts/run.sh [FLAG...]
#   FLAG  a flag of the service, with = or a space before its value: -port=N,
#         -host=ADDRESS, -allow-host=NAME, -allow-origin=URL, -threads=N,
#         -max-connections=N, -idle-timeout=SECONDS, -drain=SECONDS,
#         -max-memory=BYTES, -log-level=LEVEL, -log-format=FORMAT, -tokens=FILE,
#         -anonymous=SCOPE, -session=SECONDS, -insecure, -listen=unix:PATH,
#         -trusted-proxy=NETWORK, -tls-cert=FILE, -tls-key=FILE, -ca-file=FILE,
#         -data=DIR, -snapshot=SIZE|off, -kafka=BROKERS, -topic=NAME,
#         -kafka-config=FILE, -peer=URL, -peer-token=FILE, -config=FILE,
#         -print-config, -check[=FILE], -backup=FILE, -restore=FILE, -export,
#         -create-topic, -trim-topic, -new-token NAME SCOPE, -check-health[=URL],
#         -version. README.md describes them, and so does
#         build/release/lunar.service -help after the first build.
#
# Exit status: 0 stopped by a signal or done, 1 could not build or run, 2 invalid
# flags.
#
# Example: scripts/run.sh -port=9000 -max-memory=512M
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

# The service reads the values. Without a dash, only the value of the flag
# before it may come, and the two of -new-token.
values=0
for argument in "$@"; do
    case ${argument/#--/-} in
    -new-token) values=2 ;;
    -new-token=*) values=1 ;;
    -*=*) values=0 ;;
    -*) values=1 ;;
    *) ((values-- > 0)) || usage "unexpected argument $argument" ;;
    esac
done

# setting NAME: its value in $settings, which -print-config has printed.
setting() {
    sed -nE "s/^#?$1=([^ ]*) .*/\1/p" <<<"$settings"
}

# Nothing if the flags tell no URL: the service says why, or which port it has.
say_how_to_see_rockets() {
    local host port settings scheme=http
    # It cannot be combined with what does not serve.
    settings=$(build/release/lunar.service "$@" -print-config 2>&1) || return 0
    port=$(setting port)
    [[ $port =~ ^[1-9][0-9]*$ ]] || return 0
    host=$(setting host)
    case $host in
    127.0.0.1 | 0.0.0.0 | :: | localhost) host=localhost ;;
    *[!0-9a-fA-F.:]*) return ;;
    *:*) host=[$host] ;;
    esac
    [ -z "$(setting tls-cert)" ] || scheme=https
    say "to see rockets fly, open $scheme://$host:$port/ and run in a second terminal:"
    say "  build/release/rockets launch $scheme://$host:$port/messages --message-delay=20ms"
}

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
say_how_to_see_rockets "$@"
exec build/release/lunar.service "$@"
