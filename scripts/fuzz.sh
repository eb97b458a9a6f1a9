#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run the fuzzers of tests/fuzz and report for each: executions, covered edges,
# new inputs. An input that shows a fault is then in build/fuzz/crashes. Other
# new inputs are kept in build/fuzz/found, and the next run continues with them.
#
# usage: scripts/fuzz.sh [SECONDS] [--jobs=N] [--merge] [TARGET...]
#   SECONDS   time per target; default 60
#   --jobs=N  targets at the same time; default 1
#   --merge   do not fuzz: copy the found inputs that cover an edge which
#             tests/fuzz/corpus does not cover to tests/fuzz/corpus
#   TARGET    a folder of tests/fuzz/corpus; default all
#
# Exit status: 0 no fault was found, 1 a fuzzer found one, 2 invalid command
# line.
#
# Example: scripts/fuzz.sh 600 --jobs=2 json message
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

SECONDS_EACH=60
JOBS=1
MERGE=
TARGETS=()
BUILD=build/fuzz
CORPUS=tests/fuzz/corpus

for argument in "$@"; do
    case $argument in
    --jobs=[1-9]*) JOBS=${argument#--jobs=} ;;
    --merge) MERGE=yes ;;
    -*) usage "unknown option $argument" ;;
    [0-9]*)
        [[ $argument =~ ^[1-9][0-9]*$ ]] || usage "not a number of seconds: $argument"
        SECONDS_EACH=$argument
        ;;
    *)
        [ -d "$CORPUS/$argument" ] || usage "unknown target $argument"
        TARGETS+=("$argument")
        ;;
    esac
done
[[ $JOBS =~ ^[1-9][0-9]*$ ]] || usage "not a number of jobs: $JOBS"
[ ${#TARGETS[@]} -gt 0 ] || mapfile -t TARGETS < <(ls "$CORPUS")

# fetch_source PACKAGE=VERSION FOLDER: download Debian's source of a package,
# with Debian's patches, from the mirror that this machine uses. apt verifies
# it. The package lists of the machine are not changed.
fetch_source() {
    local apt=$PWD/build/apt keys=/usr/share/keyrings/debian-archive-keyring.gpg
    rm -rf "$apt" "$2" || return
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" || return
    # shellcheck disable=SC2016 # apt replaces $()
    apt-get indextargets --format "deb-src [signed-by=$keys] "'$(REPO_URI) $(CODENAME) main' \
        'Created-By: Packages' 'Origin: Debian' 'Component: main' >"$apt/sources.list" || return
    local options=(-q -o "Dir::Etc::SourceList=$apt/sources.list"
        -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists"
        -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User="$(id -un)")
    (
        cd "$apt" || exit
        apt-get "${options[@]}" update &&
            apt-get "${options[@]}" source --download-only --only-source "$1" &&
            dpkg-source --no-copy -x ./*.dsc "$2"
    ) >"$apt/log" 2>&1
}

# cjson_source: print the folder with the source of the installed cJSON, or
# nothing. With the source, its branches guide the fuzzers and its faults are
# detected.
cjson_source() {
    local version folder
    version=$(dpkg-query -W -f '${source:Version}' libcjson-dev)
    folder=$PWD/build/cjson-$version
    if [ ! -e "$folder/cJSON.c" ]; then
        say "downloading the source of cjson $version"
        fetch_source "cjson=$version" "$folder" || {
            rm -rf "$folder"
            say "no source of cjson $version (see build/apt/log): using the system's" \
                "library, which neither guides the fuzzers nor is checked"
            return 0
        }
    fi
    echo "$folder"
}

build() {
    local log source
    source=$(cjson_source)
    log=$(mktemp)
    say "building ($BUILD)"
    if ! { cmake --preset fuzz -DLUNAR_CJSON_SOURCE="$source" &&
        cmake --build --preset fuzz; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        say "the build failed: see above"
        exit 1
    fi
    rm -f "$log"
}

dictionary_of() {
    case $1 in
    json | message | batch) echo tests/fuzz/json.dict ;;
    query | list_url) echo tests/fuzz/query.dict ;;
    authorization | config_file | cookie | forwarded | http_fields | timestamp | \
        token_file)
        echo "tests/fuzz/$1.dict"
        ;;
    esac
}

# fuzz TARGET: run it for SECONDS_EACH. Its output goes to a log.
fuzz() {
    local dictionary options
    dictionary=$(dictionary_of "$1")
    options=(-max_total_time="$SECONDS_EACH" -timeout=25 -rss_limit_mb=2048
        -print_final_stats=1 -artifact_prefix="$BUILD/crashes/$1-")
    [ -z "$dictionary" ] || options+=(-dict="$dictionary")
    mkdir -p "$BUILD/found/$1"
    "$BUILD/fuzz_$1" "${options[@]}" "$BUILD/found/$1" "$CORPUS/$1" \
        >"$BUILD/logs/$1.log" 2>&1 || touch "$BUILD/logs/$1.failed"
}

# merge TARGET: add the found inputs that cover new edges to its corpus.
merge() {
    local before after
    before=$(find "$CORPUS/$1" -type f | wc -l)
    mkdir -p "$BUILD/found/$1"
    "$BUILD/fuzz_$1" -merge=1 -use_counters=0 -artifact_prefix="$BUILD/crashes/$1-" \
        "$CORPUS/$1" "$BUILD/found/$1" >"$BUILD/logs/$1.log" 2>&1 || {
        say "could not merge $1: see $BUILD/logs/$1.log"
        exit 1
    }
    # libFuzzer skips inputs that fail, and still exits with 0.
    if grep -aqE 'does not hold|^SUMMARY' "$BUILD/logs/$1.log"; then
        grep -aE 'does not hold|^SUMMARY' "$BUILD/logs/$1.log" | sort -u >&2
        say "$1 fails on some inputs: see $BUILD/logs/$1.log and $BUILD/crashes"
        exit 1
    fi
    after=$(find "$CORPUS/$1" -type f | wc -l)
    say "$1: $((after - before)) new inputs, $after in total"
}

# field LOG NAME: print the last number that follows NAME.
field() {
    local value
    value=$(grep -aoE "$2 *[0-9]+" "$1" | tail -n 1 | grep -oE '[0-9]+$') || value=-
    echo "$value"
}

row() {
    printf '%-14s %12s %9s %7s %7s %7s  %s\n' "$@"
}

report() {
    local target log result failed=0
    row target executions exec/s edges of new result
    for target in "${TARGETS[@]}"; do
        log=$BUILD/logs/$target.log
        result=passed
        if [ -e "$BUILD/logs/$target.failed" ]; then
            result=FAILED
            failed=1
        fi
        row "$target" "$(field "$log" 'number_of_executed_units:')" \
            "$(field "$log" 'average_exec_per_sec:')" "$(field "$log" 'cov:')" \
            "$(grep -aoE '\([0-9]+ inline' "$log" | grep -oE '[0-9]+')" \
            "$(field "$log" 'new_units_added:')" "$result"
    done
    for target in "${TARGETS[@]}"; do
        [ ! -e "$BUILD/logs/$target.failed" ] ||
            grep -aE 'does not hold|^SUMMARY|runtime error|Test unit written' \
                "$BUILD/logs/$target.log" | sed "s/^/$target: /"
    done
    return $failed
}

need_packages "${BUILD_PACKAGES[@]}" clang-14 libclang-rt-14-dev llvm-14 dpkg-dev
build
mkdir -p "$BUILD/logs" "$BUILD/crashes"
rm -f "$BUILD"/logs/*.failed
# The quarantine delays the reuse of freed blocks. A small one is faster, and is
# enough, as each input frees all its blocks.
export ASAN_OPTIONS=quarantine_size_mb=16
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-14)
export ASAN_SYMBOLIZER_PATH

if [ -n "$MERGE" ]; then
    for target in "${TARGETS[@]}"; do
        merge "$target"
    done
    exit 0
fi
say "${#TARGETS[@]} targets, $SECONDS_EACH s each, $JOBS at a time"
for target in "${TARGETS[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do
        wait -n
    done
    fuzz "$target" &
done
wait
report
