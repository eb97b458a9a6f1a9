#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Plant faults in the service's rules and guards, one at a time, and run the
# fast tests on each: what survives, no test would notice. Installs what it
# needs, works on copies in build/mutate. Exit 1 if a mutant survives that
# tests/mutate/argued.txt does not argue for.
#
# usage: scripts/mutate.sh [OPTION...] [FILE...]    --help tells all options
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages "${BUILD_PACKAGES[@]}" python3 git binutils util-linux
# Debian's own Python, whatever else is installed.
exec /usr/bin/python3 tests/mutate/run.py "$@"
