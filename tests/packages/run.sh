#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run all tests of what is released, on one build of build/dist by
# scripts/release.sh and one of build/release: the packages for Debian, the units,
# the image and its examples, the bill of materials, and that a second build has
# the same bytes. Installs the packages. Continues after a failure and reports it
# at the end. Needs root, or sudo, by which only what needs it runs as root. Takes
# about five minutes.
#
# usage: tests/packages/run.sh [TEST...]    default all
#   TEST  deb units image podman deploy sbom reproducible
#
# Exit status: 0 all passed, or were skipped as a package index, namespaces or
# cgroups are missing, which in CI (CI=true) is a failure; 1 one failed; 2 invalid
# command line.
#
# Example: tests/packages/run.sh deb units
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. scripts/packages.sh

all=(deb units image podman deploy sbom reproducible)
tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=("${all[@]}")
failed=()
binary=build/release/lunar.service
for name in "${tests[@]}"; do
    [[ " ${all[*]} " == *" $name "* ]] || usage "unknown test $name"
done
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        say "needs root for mounts and packages, and sudo is not available: run it as root"
        exit 1
    }
    as_root=(sudo --preserve-env=CI --)
    "${as_root[@]}" true || exit 1
fi

# run_test NAME: run and time it, and record a failure.
run_test() {
    local name=$1 begun=$SECONDS result=0
    local test=("tests/packages/$name.sh")
    case $name in
    image | podman) test=("${as_root[@]}" "${test[@]}" "$PWD/$binary") ;;
    deploy) test+=("$PWD/$binary") ;;
    esac
    say "$name ..."
    "${test[@]}" || result=$?
    if [ $result -eq 0 ]; then
        say "$name: passed in $((SECONDS - begun)) s"
    elif [ $result -eq 77 ] && [ "${CI-}" != true ]; then
        say "$name: SKIPPED, see above"
    else
        say "$name: FAILED, with status $result"
        failed+=("$name")
    fi
}

need_packages "${BUILD_PACKAGES[@]}" "${PACKAGING_PACKAGES[@]}" \
    "${PACKAGES_TEST_PACKAGES[@]}" || exit 1
need_npm openapi web || exit 1
# It mostly waits for the network, so the builds run beside it. What it says when
# it fails it says to deb again.
trap wait EXIT
if [[ " ${tests[*]} " == *" deb "* ]]; then
    tests/packages/root.sh 2>/dev/null &
fi
build_targets release build/logs/packages-build.log all
scripts/release.sh || exit 1
wait
for name in "${tests[@]}"; do
    run_test "$name"
done
[ ${#failed[@]} -eq 0 ] || {
    say "failed: ${failed[*]}"
    exit 1
}
say "all passed in $SECONDS s"
