#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run all checks: format, lint and analysers; the whole test suite in the
# presets debug, asan (with UBSan) and tsan; the running service against its
# document, and clients generated from it; the tests from outside with the
# hardened release, and a soak test of one minute; the commands and links of the
# documents; some tests with the service under valgrind; and replicas on real
# brokers, beside the steps after them, as these tests mostly wait. Installs the
# packages. Continues after a failure and reports it at the end. Only conformance,
# clients and replicas can be skipped: if there is no package index, and not in CI
# (CI=true). All of it takes some 45 minutes.
#
# usage: scripts/test.sh [STEP...]    default all
#   STEP  format shell cppcheck debug conformance clients asan tsan release
#         documents soak valgrind replicas tidy analyzer
#
# Exit status: 0 no step failed, 1 a step failed, 2 invalid command line.
#
# Example: scripts/test.sh debug tidy
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit
. scripts/packages.sh

ALL_STEPS=(format shell cppcheck debug conformance clients asan tsan release
    documents soak valgrind replicas tidy analyzer)
STEPS=("$@")
[ ${#STEPS[@]} -gt 0 ] || STEPS=("${ALL_STEPS[@]}")
FAILED=()
SKIPPED=()
BESIDE= # process of a step that runs beside others
LOGS=build/logs
# The tests for the release: the binary itself, and the service from outside.
RELEASE_TESTS='^hardening$|^integration\.test_(api_.*|http_.*|rockets)$'
# The fastest tests that cover most of the service.
VALGRIND_TESTS='^test_(api_(messages|rocket|routes)|http_heads|memory)$'
# A test that would be skipped fails: all programs are installed below.
export TEST_SKIP_CODE=1

# prepare STEP...: install the packages for these steps.
prepare() {
    local packages=("${BUILD_PACKAGES[@]}" git) step
    for step in "$@"; do
        case $step in
        format) packages+=(clang-format-14) ;;
        tidy) packages+=(clang-tidy-14) ;;
        shell) packages+=(shellcheck) ;;
        cppcheck) packages+=(cppcheck) ;;
        valgrind) packages+=(valgrind libc6-dbg) ;;
        documents) packages+=(python3 curl prometheus psmisc) ;;
        replicas) packages+=(openjdk-17-jre-headless maven python3) ;;
        debug | asan | tsan) packages+=(bash-completion caddy chromium mandoc nginx-light openssl python3 prometheus) ;;
        esac
    done
    need_packages "${packages[@]}" && need_npm openapi web || return
    case " $* " in
    *" debug "*) need_npm tests/browser tests/web ;;
    *" asan "* | *" tsan "*) need_npm tests/browser ;;
    esac
}

c_files() { git ls-files '*.c' '*.h'; }

check_format() {
    c_files | xargs clang-format-14 --dry-run --Werror
}

# With the flags of the debug build. One file per process: the analyser of
# version 14 keeps state from one file to the next.
check_tidy() {
    [ -e build/debug/compile_commands.json ] || cmake --preset debug >/dev/null || return
    cmake --build --preset debug --target lunar_assets >/dev/null || return
    git ls-files '*.c' |
        xargs -P "$(nproc)" -n 1 clang-tidy-14 --quiet -p build/debug 2>"$LOGS/tidy.log"
}

# cppcheck 2.10 does not support C17, which is C11 with corrections. It advises
# readdir_r(3), which is deprecated: readdir(3) is safe for streams of one thread.
check_cppcheck() {
    cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --std=c11 \
        --library=posix,gnu --enable=warning,performance,portability \
        --suppress=readdirCalled \
        -D_GNU_SOURCE '-DLUNAR_VERSION=""' \
        -I include -I src -I src/rockets -I tests -I tests/property \
        src bench tests
}

# Compiled without optimisation: inlined functions confuse the analyser of gcc
# 12.
check_analyzer() {
    build_preset analyzer
}

check_shell() {
    git ls-files '*.sh' .ci/run | xargs shellcheck -x
}

# build_preset NAME [OPTION...]: configure and build it.
build_preset() {
    if ! { cmake --preset "$1" && cmake --build --preset "$@"; } \
        >"$LOGS/$1-build.log" 2>&1; then
        tail -n 50 "$LOGS/$1-build.log"
        return 1
    fi
}

# run_preset NAME: build it and run all tests.
run_preset() {
    build_preset "$1" && ctest --preset "$1" --no-tests=error
}

# All of it is built, as README.md says: link-time optimisation may fail where
# other builds do not. Of the tests only those run that look at the release.
run_release() {
    build_preset release && ctest --preset release --no-tests=error -R "$RELEASE_TESTS"
}

# The commands of README.md and docs, as a user would paste them, and the links.
check_documents() {
    /usr/bin/python3 tests/documents/links.py && /usr/bin/python3 tests/documents/consoles.py
}

# begin_replicas: build what they need, and run them beside the next steps. In a
# group of its own, which ends with this script.
begin_replicas() {
    REPLICAS_BUILT=0
    scripts/kafka.sh get || REPLICAS_BUILT=$?
    [ $REPLICAS_BUILT -ne 0 ] || build_preset debug || REPLICAS_BUILT=$?
    [ $REPLICAS_BUILT -eq 0 ] || return 0
    setsid scripts/replicas.sh --no-build >"$LOGS/replicas.log" 2>&1 &
    BESIDE=$!
    trap 'kill -- "-$BESIDE" 2>/dev/null' EXIT
    say "replicas begin, beside the next steps"
}

end_replicas() {
    local result=0
    [ "$REPLICAS_BUILT" -eq 0 ] || return "$REPLICAS_BUILT"
    wait "$BESIDE" || result=$?
    trap - EXIT
    cat "$LOGS/replicas.log"
    return $result
}

# step NAME COMMAND...: run and time the command, and record a failure. Only
# conformance, clients and replicas may return 77, for skipped.
step() {
    local name=$1 begun=$SECONDS result=0
    shift
    say "$name ..."
    "$@" || result=$?
    case $name:$result in
    *:0) say "$name: passed in $((SECONDS - begun)) s" ;;
    conformance:77 | clients:77 | replicas:77)
        say "$name: SKIPPED, see above"
        SKIPPED+=("$name")
        ;;
    *)
        say "$name: FAILED after $((SECONDS - begun)) s"
        FAILED+=("$name")
        ;;
    esac
}

for name in "${STEPS[@]}"; do
    [[ " ${ALL_STEPS[*]} " == *" $name "* ]] || usage "unknown step $name"
done
mkdir -p "$LOGS"
prepare "${STEPS[@]}" || {
    say "could not install the packages for the tests"
    exit 1
}
for name in "${STEPS[@]}"; do
    case $name in
    format) step format check_format ;;
    tidy) step tidy check_tidy ;;
    shell) step shell check_shell ;;
    cppcheck) step cppcheck check_cppcheck ;;
    analyzer) step analyzer check_analyzer ;;
    debug | asan | tsan) step "$name" run_preset "$name" ;;
    conformance | clients) step "$name" "scripts/$name.sh" ;;
    release) step release run_release ;;
    documents) step documents check_documents ;;
    soak) step soak scripts/soak.sh 1 ;;
    valgrind) step valgrind scripts/valgrind.sh memcheck "$VALGRIND_TESTS" ;;
    replicas) begin_replicas ;;
    esac
done
[[ " ${STEPS[*]} " != *" replicas "* ]] || step replicas end_replicas

printf '\nsteps: %s\n%d passed, %d failed, %d skipped\n' "${STEPS[*]}" \
    $((${#STEPS[@]} - ${#FAILED[@]} - ${#SKIPPED[@]})) ${#FAILED[@]} ${#SKIPPED[@]}
[ ${#SKIPPED[@]} -eq 0 ] || say "skipped: ${SKIPPED[*]}"
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
