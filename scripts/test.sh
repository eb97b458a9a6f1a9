#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run all checks: format, lint and analysers; the whole test suite in the
# presets debug, asan (with UBSan) and tsan; the tests from outside with the
# hardened release, and a soak test of one minute; some tests with the service
# under valgrind. Then, beside each other: replicas on real brokers; the packages,
# from their build to their removal from a fresh Debian; the running service
# against its document, and clients generated from it; and the commands and links
# of the documents. Installs the packages. Continues after a failure and reports it
# at the end. Only conformance, clients and replicas can be skipped: if there is no
# package index, and not in CI (CI=true). All of it takes some 40 minutes on two
# cores.
#
# usage: scripts/test.sh [STEP...]    default all
#   STEP  format shell cppcheck tidy analyzer debug asan tsan release soak
#         valgrind replicas packages conformance clients documents
#
# Exit status: 0 no step failed, 1 a step failed, 2 invalid command line.
#
# Example: scripts/test.sh debug tidy
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit
. scripts/packages.sh

ALL_STEPS=(format shell cppcheck tidy analyzer debug asan tsan release soak
    valgrind replicas packages conformance clients documents)
STEPS=("$@")
[ ${#STEPS[@]} -gt 0 ] || STEPS=("${ALL_STEPS[@]}")
FAILED=()
SKIPPED=()
# The process groups of steps that run beside others, by their names.
declare -A BESIDE=()
LOGS=build/logs
# The tests for the release: the binary itself, and the service from outside.
RELEASE_TESTS='^hardening$|^integration\.test_(api_.*|http_.*|rockets)$'
# The fastest tests that cover most of the service.
VALGRIND_TESTS='^test_(api_(messages|rocket|routes)|http_heads|memory)$'
# A test that would be skipped fails: all programs are installed below.
export TEST_SKIP_CODE=1

# prepare STEP...: install the packages for these steps, all of them: steps that
# run at the same time cannot.
prepare() {
    local packages=("${BUILD_PACKAGES[@]}" git) step
    for step in "$@"; do
        case $step in
        format) packages+=(clang-format-14) ;;
        tidy) packages+=(clang-tidy-14) ;;
        shell) packages+=(shellcheck) ;;
        cppcheck) packages+=(cppcheck) ;;
        valgrind) packages+=(valgrind libc6-dbg) ;;
        conformance | clients) packages+=(python3 python3-venv) ;;
        documents) packages+=(python3 curl prometheus psmisc) ;;
        packages) packages+=("${PACKAGING_PACKAGES[@]}" "${PACKAGES_TEST_PACKAGES[@]}") ;;
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

# One file per process: the analyser of version 14 keeps state from one file to
# the next.
check_tidy() {
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

# Of the tests only those that look at the release are built, and the benchmarks,
# which nothing else links.
run_release() {
    build_preset release --target all integration_tests benchmarks &&
        ctest --preset release --no-tests=error -R "$RELEASE_TESTS"
}

# The commands of README.md and docs, as a user would paste them, and the links.
check_documents() {
    /usr/bin/python3 tests/documents/links.py && /usr/bin/python3 tests/documents/consoles.py
}

# begin NAME TURN COMMAND...: run the step beside the next ones. Of those with the same TURN one
# runs at a time. In a process group of its own, which ends with this script. The
# output is shown by end_beside.
begin() {
    local name=$1
    set -m
    take_turn "${@:2}" >"$LOGS/$name.log" 2>&1 </dev/null &
    set +m
    BESIDE[$name]=$!
    trap end_groups EXIT
    say "$name begins, beside the next steps"
}

# begin_with PRESET[:TARGET] NAME TURN COMMAND...: the same for what needs this
# build. Only here it is built: two processes must not build in one folder.
begin_with() {
    local preset=${1%:*} target=${1#*:}
    [ "$target" != "$preset" ] || target=all
    shift
    if build_preset "$preset" --target "$target"; then
        begin "$@"
    else
        say "$1: FAILED, as the build $preset failed"
        FAILED+=("$1")
    fi
}

# when_idle COMMAND...: run it on what the other steps leave of the cores.
when_idle() {
    chrt --idle --pid 0 "$BASHPID"
    "$@"
}

# take_turn TURN COMMAND...: wait until no other command with this TURN runs.
take_turn() {
    local begun result=0
    exec 9>"$LOGS/$1.turn"
    flock 9
    begun=$SECONDS
    "${@:2}" 9>&- || result=$?
    say "that took $((SECONDS - begun)) s"
    return $result
}

end_groups() {
    local group
    for group in "${BESIDE[@]}"; do
        kill -- "-$group" 2>/dev/null
    done
}

end_beside() {
    local result=0
    wait "${BESIDE[$1]}" || result=$?
    unset "BESIDE[$1]"
    cat "$LOGS/$1.log"
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
    # With the flags of the debug build, and what is generated for it.
    tidy) begin_with debug:lunar_assets tidy checkers when_idle check_tidy ;;
    shell) step shell check_shell ;;
    cppcheck) step cppcheck check_cppcheck ;;
    # Without optimisation: inlined functions confuse the analyser of gcc 12.
    analyzer) begin analyzer checkers when_idle build_preset analyzer ;;
    debug | asan | tsan) step "$name" run_preset "$name" ;;
    release) step release run_release ;;
    soak) step soak scripts/soak.sh 1 ;;
    valgrind) step valgrind scripts/valgrind.sh memcheck "$VALGRIND_TESTS" ;;
    replicas) begin_with debug replicas brokers scripts/replicas.sh --no-build ;;
    conformance | clients) begin_with debug "$name" outside "scripts/$name.sh" --no-build ;;
    packages) begin_with release packages packages tests/packages/run.sh ;;
    documents) begin documents outside check_documents ;;
    esac
done
for name in "${STEPS[@]}"; do
    [ -z "${BESIDE[$name]-}" ] || step "$name" end_beside "$name"
done

printf '\nsteps: %s\n%d passed, %d failed, %d skipped\n' "${STEPS[*]}" \
    $((${#STEPS[@]} - ${#FAILED[@]} - ${#SKIPPED[@]})) ${#FAILED[@]} ${#SKIPPED[@]}
[ ${#SKIPPED[@]} -eq 0 ] || say "skipped: ${SKIPPED[*]}"
[ ${#FAILED[@]} -eq 0 ] || {
    say "failed: ${FAILED[*]}"
    exit 1
}
