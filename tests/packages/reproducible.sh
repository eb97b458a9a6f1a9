#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests that the same source gives the same bytes: scripts/release.sh builds all
# of a release a second time, from a copy in another folder with a blank in its
# name, 400 days later, as one with another umask, locale, time zone and home, on
# one processor, on a file system that lists folders backwards, and from files with
# older dates. Each file of build/dist has to be the same. The first build is
# build/dist, or made now if a source is newer. On a difference, both are left to
# look at. Takes as long as a build of the release on one processor.
#
# usage: tests/packages/reproducible.sh
#
# Exit status: 0 the same bytes, 1 a file differs or could not be built, 2 invalid
# command line.
#
# Example: tests/packages/reproducible.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/packages.sh
[ $# -eq 0 ] || usage "unexpected argument $1"
need_packages "${BUILD_PACKAGES[@]}" faketime locales

first=$PWD/build/dist
work=$(mktemp -d)
source="$work/another folder"
trap 'rm -rf "$work"' EXIT

list_sources() { git ls-files -z --cached --others --exclude-standard; }

# Deleted files are in the index still.
newer_source() {
    list_sources | xargs -0 ls -d -- 2>/dev/null |
        while read -r file; do
            [ "$file" -ot "$first/SHA256SUMS" ] || echo "$file"
        done | head -n 1
}

# The Turkish locale has other upper-case letters, another order and another
# decimal point.
make_surroundings() {
    mkdir -p "$work/locales" "$work/home"
    localedef -i tr_TR -f UTF-8 "$work/locales/tr_TR.UTF-8"
    gcc -D_GNU_SOURCE -shared -fPIC -o "$work/backwards.so" tests/packages/backwards.c
}

# release.sh takes all files of a folder that is no work tree of git.
copy_sources() {
    local folder
    mkdir -p "$source"
    list_sources | xargs -0 cp --parents -t "$source"
    for folder in openapi web; do
        cp -r "$folder/node_modules" "$source/$folder/"
    done
    find "$source" -exec touch -h -d 2001-01-01 {} +
    # So that npm need not install them again.
    touch "$source"/*/node_modules/.package-lock.json
}

build_again() (
    umask 077
    cd "$source"
    env -u LANG LC_ALL=tr_TR.UTF-8 LOCPATH="$work/locales" TZ=Asia/Kathmandu \
        HOME="$work/home" USER=somebody LOGNAME=somebody \
        LD_PRELOAD="$work/backwards.so" \
        faketime -f +400d taskset -c "$1" scripts/release.sh
)

# differs FILE
differs() {
    say "$1 differs"
    if command -v diffoscope >/dev/null; then
        diffoscope --max-report-size 4000 "$first/$1" "$source/build/dist/$1" >&2 || true
    else
        say "install diffoscope-minimal, then: diffoscope $first/$1 $source/build/dist/$1"
    fi
}

if [ ! -e "$first/SHA256SUMS" ] || [ -n "$(newer_source)" ]; then
    scripts/release.sh
fi
make_surroundings
copy_sources
# The first processor that this may run on.
processor=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
say "building again in $source"
build_again "$processor" >"$work/log" 2>&1 || {
    tail -n 50 "$work/log" "$source/build/logs/release.log" >&2
    say "the second build failed: see above"
    exit 1
}

same=0
for path in "$first"/*; do
    file=${path##*/}
    if cmp -s "$path" "$source/build/dist/$file"; then
        same=$((same + 1))
    else
        differs "$file"
    fi
done
[ "$(ls "$first")" = "$(ls "$source/build/dist")" ] || {
    say "there are other files in $source/build/dist"
    same=0
}
if [ "$same" -ne "$(find "$first" -type f | wc -l)" ]; then
    trap - EXIT
    say "the second build is in $source/build/dist"
    exit 1
fi
cat "$first/SHA256SUMS"
say "all $same files are the same"
