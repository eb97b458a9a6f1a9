#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test the units of systemd and the file of settings, as they are installed:
# systemd-analyze finds no fault in the units, and an exposure of at most 1.5; the
# program takes the file of settings, and each of its examples; the links of the
# documents lead to installed files. That systemd runs the units is tested with the
# packages (deb_life.sh). Builds the release if it is not up to date.
#
# usage: tests/packages/units.sh [BUILD_FOLDER]
#   BUILD_FOLDER  what is installed, build/release by default
#
# Exit status: 0 passed, 1 failed, 2 invalid command line.
#
# Example: tests/packages/units.sh build/debug
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/packages.sh
[ $# -le 1 ] || usage "unexpected argument $2"
build=${1:-build/release}

most=15 # tenths of systemd-analyze's exposure
work=build/units
tree=$work/usr
faults=0

fault() {
    say "FAILED: $*"
    faults=$((faults + 1))
}

# install_tree PREFIX: what a package has in it.
install_tree() {
    rm -rf "$tree"
    DESTDIR=$PWD/$tree cmake --install "$build" --prefix "$1" >"$work/install.log" ||
        fault "cmake --install: $(cat "$work/install.log")"
}

# A prefix other than /usr: the paths in the unit follow it.
paths_follow_the_prefix() {
    local conf
    install_tree /opt/lunar
    conf=$(cd "$tree" && find . -name lunar.conf)
    grep -qxF "ExecStart=/opt/lunar/bin/lunar.service -config=${conf#.}" \
        "$tree/opt/lunar/lib/systemd/system/lunar.service" ||
        fault "the unit does not start /opt/lunar/bin/lunar.service with ${conf#.}"
}

units_have_no_fault() {
    local unit
    # What the units are ordered after, but is not in the tree.
    for unit in network.target nss-lookup.target sysinit.target basic.target \
        shutdown.target multi-user.target sockets.target; do
        printf '[Unit]\nDescription=%s\n' "$unit" >"$tree/usr/lib/systemd/system/$unit"
    done
    mkdir -p "$tree/bin"
    cp -L /bin/sh "$tree/bin/sh"
    for unit in lunar.service lunar.socket; do
        systemd-analyze verify --man=no --root="$tree" "$unit" >"$work/verify" 2>&1 ||
            fault "systemd-analyze verify $unit"
        # It warns with status 0 as well.
        ! grep -F lunar "$work/verify" || fault "systemd-analyze verify $unit says that"
    done
}

links_lead_somewhere() {
    /usr/bin/python3 tests/documents/links.py "$tree/usr/share/doc/lunar-service" ||
        fault "a link of the installed documents leads nowhere"
}

exposure_is_low() {
    systemd-analyze security --offline=yes --threshold="$most" --no-pager \
        --root="$tree" lunar.service >"$work/security" 2>&1 ||
        fault "systemd-analyze security: more than $most tenths"
    tail -n 1 "$work/security"
}

# is_taken FILE: the program takes these settings.
is_taken() { "$build/lunar.service" -config="$1" -print-config >"$work/printed" 2>&1; }

# Examples that belong together are a block without an empty line.
settings_are_taken() {
    local conf=$work/lunar.conf name setting count=0
    cp "$(find "$tree" -name lunar.conf)" "$conf"
    is_taken "$conf" || fault "lunar.conf is not taken: $(cat "$work/printed")"
    grep -q '^data=/var/lib/lunar ' "$work/printed" || fault "lunar.conf keeps no data"
    awk -v RS= -v prefix="$work/block-" '{
        gsub(/\n#/, "\n"); sub(/^#/, ""); gsub(/(^|\n) [^\n]*/, "");
        gsub(/(^|\n)data=[^\n]*/, ""); print "data=/var/lib/lunar\n" $0 >prefix NR }' "$conf"
    for setting in "$work"/block-*; do
        is_taken "$setting" || fault "an example is not taken: $(cat "$work/printed" "$setting")"
        count=$((count + 1))
    done
    # Each block begins with a line of ours.
    [ "$(cat "$work"/block-* | grep -c '^[a-z-]*=')" -eq \
        $((count + $(grep -c '^#[a-z-]*=' "$conf"))) ] || fault "an example was not tried"
    for name in $("$build/lunar.service" -print-config | sed -n 's/^#\{0,1\}\([a-z-]*\)=.*/\1/p'); do
        [ "$name" = config ] || grep -q "^#\{0,1\}$name=" "$conf" ||
            fault "lunar.conf has no example of $name"
    done
}

if [ $# -eq 0 ]; then
    need_packages "${BUILD_PACKAGES[@]}" systemd
    need_npm openapi web
    mkdir -p "$work"
    build_targets release "$work/build.log" all
fi
rm -rf "$work"/block-*
mkdir -p "$work"
paths_follow_the_prefix
install_tree /usr
units_have_no_fault
links_lead_somewhere
exposure_is_low
settings_are_taken
[ "$faults" -eq 0 ] || exit 1
say "the units and the settings are sound"
