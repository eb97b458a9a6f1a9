#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Build a release in build/dist: the packages for Debian 12, lunar-service and
# lunar-rockets, with their debug symbols; a tarball of the same programs, units
# and documents for /usr/local of other systems; the list of what is linked and
# embedded, as CycloneDX; and SHA256SUMS of all of them.
#
# Builds in build/package, from a copy of the files that git does not ignore, as they
# are now, or of all files if this is no work tree of git. Writes nothing elsewhere.
# The same files give the same bytes in any folder. Installs the packages and the
# npm packages that the build needs. Takes about a minute.
#
# usage: scripts/release.sh
#
# Exit status: 0 built, 1 could not build, 2 invalid command line.
#
# Example: scripts/release.sh && sudo apt-get install ./build/dist/lunar-service_*.deb
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh
[ $# -eq 0 ] || usage "unexpected argument $1"
umask 022
export LC_ALL=C.UTF-8 TZ=UTC
DEB_BUILD_OPTIONS="terse parallel=$(nproc)"
export DEB_BUILD_OPTIONS
dist=$PWD/build/dist
package=$PWD/build/package
log=$PWD/build/logs/release.log

# list_sources: the files to build from, each followed by a null character.
list_sources() {
    if [ -e .git ]; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . -name node_modules -prune -o -path ./build -prune -o -type f -print0
    fi
}

# copy_sources FOLDER: the sources, and the npm packages that are embedded.
copy_sources() {
    local folder
    mkdir -p "$1"
    list_sources | xargs -0 cp -p --parents -t "$1"
    for folder in openapi web; do
        cp -al "$folder/node_modules" "$1/$folder/"
    done
}

# make_tarball FOLDER: of the build that the packages were made of.
make_tarball() {
    local name=lunar-$version-linux-$architecture
    DESTDIR=$package/root cmake --install "$1/build/package" --strip \
        --prefix /usr/local
    mv "$package/root/usr/local" "$package/$name"
    [ ! -d "$package/root/etc" ] || mv "$package/root/etc" "$package/$name/"
    cp "$dist/lunar-$version.cdx.json" \
        "$package/$name/share/doc/lunar-service/lunar.cdx.json"
    tar -C "$package" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --format=gnu \
        --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w \
        -c "$name" | gzip -9n >"$dist/$name.tar.gz"
}

build() {
    rm -rf "$package" "$dist"
    mkdir -p "$dist"
    copy_sources "$package/$source"
    (cd "$package/$source" && dpkg-buildpackage --build=binary --no-sign)
    mv "$package"/*.deb "$dist"
    cp "$package/$source/debian/tmp/usr/share/doc/lunar-service/lunar.cdx.json" \
        "$dist/lunar-$version.cdx.json"
    make_tarball "$package/$source"
    (cd "$dist" && sha256sum -- *) >"$package/SHA256SUMS"
    mv "$package/SHA256SUMS" "$dist"
}

need_packages "${BUILD_PACKAGES[@]}" "${PACKAGING_PACKAGES[@]}"
need_npm openapi web
version=$(dpkg-parsechangelog -S Version)
# The date in the source itself, so that it needs no git.
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -S Timestamp)
export SOURCE_DATE_EPOCH
architecture=$(dpkg --print-architecture)
source=lunar-service-$version

mkdir -p "$(dirname "$log")"
say "building (build/package)"
trap 'tail -n 50 "$log" >&2; say "the build failed: see above, or $log"; exit 1' EXIT
# In a subshell, as a fault would end this script with stderr still in the log.
(build) >"$log" 2>&1
trap - EXIT
say "built in build/dist:"
(cd "$dist" && ls -gG --time-style=+ -- *)
