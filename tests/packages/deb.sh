#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test the packages for Debian in build/dist: lintian finds no error and no
# warning; the links of the documents lead to files; and in a fresh Debian with
# its own systemd (root.sh, boot.sh) they are installed, upgraded, removed and
# purged (deb_life.sh). The versions before and after are made of the same package,
# with another version and other settings.
# Builds the release first if build/dist is not there. Needs root, or sudo. Takes
# half a minute, and once a day up to a minute more for the fresh Debian.
#
# usage: tests/packages/deb.sh
#
# Exit status: 0 passed, 1 failed, 2 invalid command line, 77 no systemd can be
# booted here.
#
# Example: scripts/release.sh && tests/packages/deb.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/packages.sh
. tests/packages/expect.sh
. tests/packages/namespaces.sh
[ $# -eq 0 ] || usage "unexpected argument $1"

root=build/packages/root
debs=build/packages/debs

fail() {
    say "FAILED: $*"
    exit 1
}

versions_agree() {
    say "debian/changelog has the version of the release, and says whether it is one"
    expect "$version" sed -n 's/^project(lunar VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt
    if grep -m 1 '^## ' CHANGELOG.md | grep -q '(not released)'; then
        expect UNRELEASED dpkg-parsechangelog -S Distribution
    else
        expect "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
            dpkg-parsechangelog -S Distribution
    fi
}

lintian_finds_nothing() {
    say "lintian finds no error and no warning"
    # It leaves files in its folder for temporary files.
    local folder status=0
    folder=$(mktemp -d)
    TMPDIR=$folder lintian --allow-root --fail-on error,warning --pedantic \
        --display-info build/dist/*.deb || status=$?
    rm -r "$folder"
    [ $status -eq 0 ] || fail "lintian"
}

links_lead_somewhere() {
    say "the links of the installed documents lead to installed files"
    local tree
    tree=$(mktemp -d)
    dpkg-deb -x "build/dist/lunar-service_${version}_$architecture.deb" "$tree"
    tests/documents/links.py "$tree/usr/share/doc/lunar-service" ||
        fail "a link leads nowhere"
    rm -r "$tree"
}

# make_version NAME VERSION LINE [SCRIPT]: a package like that in build/dist with
# this version, another line in its settings, and a maintainer's script that fails.
make_version() {
    local tree=$debs/tree
    dpkg-deb -R "$debs/lunar-service.deb" "$tree"
    sed -i "s/^Version: .*/Version: $2/" "$tree/DEBIAN/control"
    echo "$3" >>"$tree/etc/lunar/lunar.conf"
    [ $# -lt 4 ] || install -m 755 /dev/stdin "$tree/DEBIAN/$4" <<<$'#!/bin/sh\nexit 1'
    dpkg-deb --root-owner-group -Znone -b "$tree" "$debs/$1.deb" >/dev/null
    rm -r "$tree"
}

make_versions() {
    rm -rf "$debs"
    mkdir -p "$debs"
    cp "build/dist/lunar-service_${version}_$architecture.deb" "$debs/lunar-service.deb"
    cp "build/dist/lunar-rockets_${version}_$architecture.deb" "$debs/lunar-rockets.deb"
    make_version before "$version~before" '# of the version before'
    make_version after "$version+after" '# of the version after'
    make_version later "$version+later" '# of the version after'
    make_version broken "$version+never" '# of no version' preinst
}

# download: what the packages depend on, as the booted system has no network.
download() {
    cp -r "$debs" "$root/srv"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" sh -c 'apt-get -q update && apt-get -q -y install \
        --no-install-recommends --download-only /srv/debs/lunar-*.deb' \
        >build/logs/download.log 2>&1 || {
        cat build/logs/download.log
        fail "cannot download what the packages depend on"
    }
    rm -r "$root/srv/debs"
}

need_packages lintian dpkg-dev util-linux procps
[ -e build/dist/SHA256SUMS ] || scripts/release.sh
become_root "$@"
umask 022
version=$(dpkg-parsechangelog -S Version)
architecture=$(dpkg --print-architecture)
mkdir -p build/logs
versions_agree
lintian_finds_nothing
links_lead_somewhere
need_namespaces
tests/packages/root.sh
make_versions
download
status=0
tests/packages/boot.sh "$root" . tests/packages/deb_life.sh "$version" \
    >build/logs/deb-apt.log || status=$?
[ $status -ne 77 ] || exit 77
[ $status -eq 0 ] || fail "see above"
say "passed in $SECONDS s; what apt said is in build/logs/deb-apt.log"
