#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Mutation testing: change the rules and checks of the service, one place at a
# time, and run the fast tests on each mutant. No test detects a mutant that
# survives. Installs the packages and works on copies in build/mutate. Exit
# status 1 if a mutant survives that is not in tests/mutate/argued.txt.
#
# usage: scripts/mutate.sh [OPTION...] [FILE...]    --help lists all options
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages "${BUILD_PACKAGES[@]}" python3 git binutils util-linux
# Debian's Python, not another one in PATH.
exec /usr/bin/python3 tests/mutate/run.py "$@"
