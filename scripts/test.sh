#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that is checked: format, lint, the whole test suite in the
# presets debug, asan (with UBSan) and tsan, and the running service against
# its document. Installs what it needs. Goes on after a failure, and tells at
# the end; exit 0 only if nothing failed. Only conformance may be skipped,
# where there is no package index and this is not CI (CI=true).
#
# usage: scripts/test.sh [STEP...]
#   STEP  format tidy shell debug asan tsan conformance
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. scripts/packages.sh

STEPS=("$@")
[ ${#STEPS[@]} -gt 0 ] || STEPS=(format shell debug conformance asan tsan tidy)
FAILED=()
SKIPPED=()
LOGS=build/logs
# What is installed below is not to be skipped for want of it.
export LUNAR_SKIP_CODE=1

# prepare STEP...: what these steps need, and no more.
prepare() {
    local packages=("${BUILD_PACKAGES[@]}" git) step
    for step in "$@"; do
        case $step in
        format) packages+=(clang-format-14) ;;
        tidy) packages+=(clang-tidy-14) ;;
        shell) packages+=(shellcheck) ;;
        conformance) ;; # gets what it needs itself
        *) packages+=(chromium) ;;
        esac
    done
    need_packages "${packages[@]}" && need_npm openapi || return
    case " $* " in
    *" debug "* | *" asan "* | *" tsan "* | *" release "*) need_npm tests/browser ;;
    esac
}

c_files() { git ls-files '*.c' '*.h'; }

check_format() {
    c_files | xargs clang-format-14 --dry-run --Werror
}

# With the flags of the debug build. A file at a time: 14 carries state of
# its analyser from one file over to the next.
check_tidy() {
    [ -e build/debug/compile_commands.json ] || cmake --preset debug >/dev/null || return
    cmake --build --preset debug --target lunar_assets >/dev/null || return
    git ls-files '*.c' |
        xargs -P "$(nproc)" -n 1 clang-tidy-14 --quiet -p build/debug 2>"$LOGS/tidy.log"
}

check_shell() {
    git ls-files '*.sh' .ci/run | xargs shellcheck -x
}

# run_preset NAME: build it and run all tests.
run_preset() {
    if ! { cmake --preset "$1" && cmake --build --preset "$1"; } \
        >"$LOGS/$1-build.log" 2>&1; then
        tail -n 50 "$LOGS/$1-build.log"
        return 1
    fi
    ctest --preset "$1" --no-tests=error
}

# step NAME COMMAND...: run it, time it, remember whether it failed. Only
# conformance can tell by 77 that it was skipped.
step() {
    local name=$1 begun=$SECONDS result=0
    shift
    say "$name ..."
    "$@" || result=$?
    case $name:$result in
    *:0) say "$name: passed in $((SECONDS - begun)) s" ;;
    conformance:77)
        say "$name: SKIPPED, see above"
        SKIPPED+=("$name")
        ;;
    *)
        say "$name: FAILED after $((SECONDS - begun)) s"
        FAILED+=("$name")
        ;;
    esac
}

mkdir -p "$LOGS"
prepare "${STEPS[@]}" || {
    say "could not install what the tests need"
    exit 1
}
for name in "${STEPS[@]}"; do
    case $name in
    format) step format check_format ;;
    tidy) step tidy check_tidy ;;
    shell) step shell check_shell ;;
    debug | asan | tsan | release) step "$name" run_preset "$name" ;;
    conformance) step conformance scripts/conformance.sh ;;
    *)
        say "unknown step $name; there are: format tidy shell debug asan tsan conformance"
        exit 2
        ;;
    esac
done

printf '\nsteps: %s\n%d passed, %d failed, %d skipped\n' "${STEPS[*]}" \
    $((${#STEPS[@]} - ${#FAILED[@]} - ${#SKIPPED[@]})) ${#FAILED[@]} ${#SKIPPED[@]}
[ ${#SKIPPED[@]} -eq 0 ] || say "skipped: ${SKIPPED[*]}"
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
