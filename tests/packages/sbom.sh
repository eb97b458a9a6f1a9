#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests the software bill of materials of a release: it fits the schema of
# CycloneDX, names each library that the binaries load and each package of the
# lock files that is embedded, is the same at each time and in each locale, and
# is refused where something has no licence. Builds the release if it is not up
# to date.
#
# usage: tests/packages/sbom.sh
#
# Exit status: 0 all is so, 1 something is not, 77 skipped, as the validator
# cannot be installed, 2 invalid command line.
#
# Example: tests/packages/sbom.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/packages.sh
need_packages "${BUILD_PACKAGES[@]}" binutils python3 python3-venv
need_npm openapi web

work=build/sbom
build=build/release
faults=0
rm -rf "$work/tree"
mkdir -p "$work/tree"
build_targets release "$work/build.log" lunar.service rockets
need_venv "$work" tests/packages/sbom-requirements.txt

fault() {
    say "$*"
    faults=$((faults + 1))
}

# valid FILE: it fits the schema.
valid() {
    "$work/venv/bin/python" - "$1" <<'END'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

with open(sys.argv[1], encoding="utf-8") as file:
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read())
if fault:
    sys.exit(f"{sys.argv[1]}: {fault.data.json_path}: {fault.data.message[:200]}")
END
}

# names FIELD: this field of the components, also of those in others, sorted.
names() {
    /usr/bin/python3 - "$work/sbom.json" "$1" <<'END'
import json
import sys

def walk(entries):
    for entry in entries:
        yield entry.get(sys.argv[2], "")
        yield from walk(entry.get("components", []))

with open(sys.argv[1], encoding="utf-8") as file:
    print("\n".join(sorted(set(walk(json.load(file)["components"])))))
END
}

it_fits_the_schema() {
    valid "$work/sbom.json" || fault "the SBOM does not fit the schema"
    for change in s/bomFormat/format/ 's/"id": "MIT"/"id": "Mit"/' \
        's/"type": "library"/"type": "book"/' 's/"SHA-512"/"SHA-511"/'; do
        sed "$change" "$work/sbom.json" >"$work/broken.json"
        ! valid "$work/broken.json" 2>/dev/null ||
            fault "the validator accepts an SBOM changed by $change"
    done
}

# From the loader itself, not from ldd and readelf.
each_loaded_library_is_named() {
    local known program file owner
    known=$(names name)
    for program in lunar.service rockets; do
        LD_DEBUG=files "$build/$program" -help 2>&1 >/dev/null |
            sed -n 's/.*calling init: \(\/.*\.so.*\)/\1/p' | grep -v /ld-linux
    done | sort -u >"$work/loaded"
    [ "$(wc -l <"$work/loaded")" -gt 10 ] || fault "the loader names no libraries"
    while read -r file; do
        owner=$({ dpkg -S "$file" || dpkg -S "$(readlink -f "$file")" ||
            dpkg -S "/usr$file"; } 2>/dev/null | sed -n '1s/:.*//p')
        grep -qxF -- "$owner" <<<"$known" || fault "$file of '$owner' is not named"
    done <"$work/loaded"
}

# With the versions of the lock files, but nothing that is only a tool.
each_package_is_named() {
    local purls name version folder
    purls=$(names purl)
    for name in preact @preact/signals @preact/signals-core uplot swagger-ui-dist; do
        folder=web
        [ $name != swagger-ui-dist ] || folder=openapi
        version=$(sed -n "/\"node_modules\/${name/\//\\/}\": {/,/version/s/.*version\": \"\(.*\)\".*/\1/p" \
            $folder/package-lock.json)
        grep -qxF "pkg:npm/${name/@/%40}@$version" <<<"$purls" ||
            fault "$name $version is not named"
    done
    for name in pkg:npm/lodash pkg:npm/react-dom pkg:npm/dompurify; do
        grep -qxF $name <<<"$purls" || fault "$name of Swagger UI's bundle is not named"
    done
    ! grep -E 'esbuild|scarf' <<<"$purls" || fault "what is not embedded is named"
}

it_depends_on_the_build_only() {
    (umask 077 && cd / && TZ=Asia/Tokyo LC_ALL=C SOURCE_DATE_EPOCH=1700000000 \
        "$OLDPWD/scripts/sbom.py" "$OLDPWD/$build") >"$work/again.json"
    cmp "$work/sbom.json" "$work/again.json" || fault "two SBOMs of a build differ"
    grep -q '"timestamp": "2023-11-14T22:13:20Z"' "$work/again.json" ||
        fault "the SBOM does not have the date of SOURCE_DATE_EPOCH"
}

# Every licence of the table of linked libraries is of one that is linked.
no_row_is_left_over() {
    local known
    known=$(names purl)
    sed -n '/^## Linked/,/^## Loaded/s/^| \([a-z0-9]*\) |.*/\1/p' docs/third-party.md |
        grep -v '^library$' | while read -r library; do
        grep -q "upstream=$library\$" <<<"$known" ||
            echo "docs/third-party.md has a row for $library, which is not linked"
    done | tee "$work/left" >&2
    [ ! -s "$work/left" ] || fault "the table of docs/third-party.md is out of date"
}

# In brackets behind each owner of a copyright.
the_package_names_what_is_embedded() {
    local known
    known=$(sed -n '/^Copyright:/,/^License:/s/.*(\(.*\))$/\1/p' debian/copyright |
        sed 's/, /\n/g')
    sed -n '/^## Embedded/,/^## SBOM/s/^| \([a-z@].*[a-z]\) | [MA].*/\1/p' \
        docs/third-party.md | while read -r name; do
        grep -qxF -- "$name" <<<"$known" || echo "debian/copyright does not name $name"
    done | tee "$work/left" >&2
    [ ! -s "$work/left" ] || fault "debian/copyright is out of date"
}

# refused TEXT CHANGE FILE...: an SBOM of sources and a build with changed files
# is refused with the text.
refused() {
    local status=0 tree=$work/tree text=$1 change=$2 file
    shift 2
    rm -rf "$tree"
    mkdir -p "$tree/openapi/node_modules/swagger-ui-dist" "$tree/build/web"
    cp -a docs "$tree"
    cp -a --parents web/package-lock.json web/node_modules openapi/package-lock.json \
        openapi/node_modules/swagger-ui-dist "$tree"
    cp -a "$build/assets" "$build/CMakeCache.txt" "$build/lunar.service" \
        "$build/rockets" "$tree/build"
    cp -a "$build/web/"dashboard.* "$tree/build/web"
    for file in "$@"; do
        LC_ALL=C sed -i "$change" "$tree/$file"
    done
    scripts/sbom.py --source "$tree" "$tree/build" >"$work/out" 2>"$work/err" || status=$?
    if [ $status -ne 1 ] || ! grep -q "$text" "$work/err"; then
        fault "with $* changed by $change: exit status $status, expected 1 and '$text'"
        cat "$work/err" >&2
    fi
}

what_has_no_licence_is_refused() {
    local texts=build/assets/dashboard_licenses.txt ui=openapi/node_modules/swagger-ui-dist
    refused 'no row for curl' '/^| curl /d' docs/third-party.md
    refused 'uplot .*no row' '/^| uplot /d' docs/third-party.md
    # The licences count as they are in the binary.
    refused 'does not contain .*licenses.txt: build it again' 1s/The/This/ $texts
    refused 'does not contain .*bundle.js: build it again' 1s/a/b/ \
        $ui/swagger-ui-bundle.js
    refused 'in the dashboard, but its LICENSE is not' s/Leon/Leo/ \
        web/node_modules/uplot/LICENSE
    refused 'uplot is in the dashboard, but not in web/NOTICE' \
        's/  uplot: C/  uPlot: C/;s/of uplot, in/of uPlot, in/' $texts build/lunar.service
    refused 'a licence in openapi/third-party.txt.*: left-pad' \
        's#node_modules/lodash/#node_modules/left-pad/#' $ui/swagger-ui-bundle.js.map
    refused 'left-pad is embedded, but not in web/package-lock.json' \
        's#node_modules/uplot/#node_modules/left-pad/#' build/web/dashboard.json
    refused 'is installed, but web/package-lock.json has' \
        '/node_modules.uplot/,/version/s/version": ".*"/version": "9.9.9"/' \
        web/package-lock.json
}

SOURCE_DATE_EPOCH=1700000000 scripts/sbom.py "$build" >"$work/sbom.json"
it_fits_the_schema
each_loaded_library_is_named
each_package_is_named
it_depends_on_the_build_only
no_row_is_left_over
the_package_names_what_is_embedded
what_has_no_licence_is_refused
rm -rf "$work/tree"
[ $faults -eq 0 ] || exit 1
say "$(names name | wc -l) components, $(names purl | grep -c '^pkg:deb') of Debian," \
    "$(names purl | grep -c '^pkg:npm') of npm"
