#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Mutation testing: change sources of the service, one place at a time, and run
# the tests on each mutant. Lists the mutants that no test detects. Works on a
# copy in build/mutate, with universalmutator, which it installs there.
#
# A mutant is shown first to the unit tests of its room, then to all quick tests,
# and, if it is in the room server, to the tests of running servers too. What the
# compiler does not accept, or compiles to the same code, is no mutant. A survivor
# takes a minute or more; read it: many change nothing that a user can see.
#
# usage: scripts/mutate.sh [--sample=N] FILE...
#   --sample=N  try N mutants of each file, chosen at random; default 30
#   FILE        a source, as in src/domain/rocket.c
#
# Exit status: 0 a test detects each mutant; 1 a mutant survived or the build
# failed; 2 invalid command line; 77 the Python packages could not be installed,
# which is 1 if CI is "true".
#
# Example: scripts/mutate.sh --sample=50 src/domain/rocket.c
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

WORK=$PWD/build/mutate
COPY=$WORK/source
VENV=$WORK/venv
SAMPLE=30
FILES=()
SURVIVED=0

for argument in "$@"; do
    case $argument in
    --sample=[1-9]*) SAMPLE=${argument#*=} ;;
    -*) usage "unknown option $argument" ;;
    src/*/*.c) FILES+=("$argument") ;;
    *) usage "not a source of a room: $argument" ;;
    esac
done
[ ${#FILES[@]} -gt 0 ] || usage "no file given"
for file in "${FILES[@]}"; do
    [ -f "$file" ] || usage "no such file: $file"
done

# The copy keeps times, so that only what has changed is built again. Without
# the pages, which need npm; warnings are expected in mutants.
build_copy() {
    local log=$WORK/build.log
    say "building"
    rm -rf "$COPY" && mkdir -p "$COPY"
    git ls-files -z | xargs -0 cp -p --parents -t "$COPY"
    { cmake -S "$COPY" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DLUNAR_SWAGGER=OFF -DLUNAR_WEB=OFF -DLUNAR_HANGS_AFTER=300 \
        -DCMAKE_SUPPRESS_REGENERATION=ON -DCMAKE_C_FLAGS_DEBUG='-O1 -w' &&
        ninja -C "$WORK/build"; } >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        say "the build failed: see above"
        exit 1
    }
}

# run_tests CTEST-OPTION...: whether all pass. A loop without an end is ended.
run_tests() {
    (ulimit -t 60 && ctest --test-dir "$WORK/build" --stop-on-failure \
        -j "$(nproc)" "$@") >/dev/null 2>&1
}

# survives ROOM OBJECT: whether no test detects the mutant that is in place.
survives() {
    ninja -C "$WORK/build" "$2" >/dev/null 2>&1 || return
    ! cmp -s "$WORK/build/$2" "$WORK/sound.o" || return
    ninja -C "$WORK/build" >/dev/null 2>&1 || return
    run_tests -R "^unit\.$1\." || return
    run_tests -L '^(unit|property|fuzz|fault|concurrency)$' -E "^unit\.$1\." || return
    [ "$1" != server ] || run_tests -L '^(server|integration)$'
}

mutate_file() {
    local file=$1 mutant tried=0
    local room="${file#src/}"
    room=${room%%/*}
    local object="src/CMakeFiles/lunar_$room.dir/${file#src/}.o"

    rm -rf "$WORK/mutants" && mkdir "$WORK/mutants"
    cp "$WORK/build/$object" "$WORK/sound.o"
    "$VENV/bin/mutate" "$COPY/$file" c --noCheck --mutantDir "$WORK/mutants" >/dev/null
    say "$file: $(find "$WORK/mutants" -type f | wc -l) mutants"
    while read -r mutant; do
        cp "$mutant" "$COPY/$file"
        tried=$((tried + 1))
        say "$tried of $SAMPLE: $(basename "$mutant")"
        if survives "$room" "$object"; then
            SURVIVED=$((SURVIVED + 1))
            diff -U0 --label "$file" --label "$(basename "$mutant")" "$file" "$mutant" || true
        fi
    done < <(find "$WORK/mutants" -type f | shuf -n "$SAMPLE")
    cp "$file" "$COPY/$file"
}

need_packages "${BUILD_PACKAGES[@]}" python3 python3-venv git
mkdir -p "$WORK"
need_venv "$WORK" tests/mutate/requirements.txt
build_copy
for file in "${FILES[@]}"; do
    mutate_file "$file"
done
say "$SURVIVED survived"
[ "$SURVIVED" -eq 0 ]
